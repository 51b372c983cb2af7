/**
 * `npm run simulate -- --seeds 1000`, `-- --minutes 10`, `-- --seed 17 --trace`: the engine in a simulated world; with
 * `--servers`, the real servers are in it, too.
 */
import { ensureDependencies } from './dependencies.mjs'
import { inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, [
  '--conditions=@rockpool/source',
  'packages/core/src/simulation/run.ts',
  ...process.argv
    .slice(2)
    .map((argument) => (argument === '--servers' ? '--servers=test/simulation/world.ts' : argument)),
])
