/** Opens the logs of a folder, appends one event, and holds the folder until it is killed. */
import { writeSync } from 'node:fs'
import { sqliteLogs } from '../adapters/sqlite/index.ts'
import { eventsAfter } from '../testing/events.ts'

const logs = await sqliteLogs({ directory: process.argv[2]! })
const log = await logs.open('shop')
const head = await log.head()
await log.append(head, eventsAfter(head, 'last'), { sub: 'ada', at: 1 })
writeSync(1, 'open\n')
setInterval(() => {}, 1_000)
