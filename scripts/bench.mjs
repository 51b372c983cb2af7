/** `npm run bench`: all measurements; `npm run bench -- share`: those of test/bench/share.bench.ts. */
import { ensureDependencies } from './dependencies.mjs'
import { bin, inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, [
  ...[bin('vitest/vitest.mjs'), 'run', ...process.argv.slice(2)],
  // Last: Vitest would take a filter that follows a flag for the flag's value.
  ...['--project=bench', '--disable-console-intercept'],
])
