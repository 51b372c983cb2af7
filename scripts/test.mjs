/** `npm test`: installs the dependencies if need be; the rest runs on Node 24, in test-run.mjs. */
import { ensureDependencies } from './dependencies.mjs'
import { inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, ['scripts/test-run.mjs', ...process.argv.slice(2)])
