/**
 * `npm run simulate -- --seeds 1000`, `-- --minutes 10`, `-- --seed 17 --trace`: the engine in a simulated world; with
 * `--servers`, the real servers are in it, too. With `--log`, the four queues of an event instead.
 */
import { ensureDependencies } from './dependencies.mjs'
import { inForeground, node24 } from './processes.mjs'

const given = process.argv.slice(2)
const program = given.includes('--log')
  ? 'packages/livestore-plugin/src/simulation/run.ts'
  : 'packages/core/src/simulation/run.ts'
const args = given
  .filter((argument) => argument !== '--log')
  .map((argument) => (argument === '--servers' ? '--servers=test/simulation/world.ts' : argument))

await ensureDependencies()
process.exitCode = await inForeground(node24, ['--conditions=@rockpool/source', program, ...args])
