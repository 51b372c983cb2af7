/** A copy in a process of its own, to be killed: `copy.test.child.ts <from> <to>`. */
import { copyStore } from './copy-store.ts'
import { openLocation, readLocation } from './location.ts'
import { summary } from './progress-line.ts'

const [from, to] = process.argv.slice(2) as [string, string]
const source = await openLocation(readLocation(from, 'from', process.env), 'from')
const target = await openLocation(readLocation(to, 'to', process.env), 'to')
const result = await copyStore(source, target)
process.stdout.write(`${summary(result, 0)}\n`)
await source.close()
await target.close()
