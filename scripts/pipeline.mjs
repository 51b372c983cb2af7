/** `npm run pipeline -- run <file>`: the commands of examples/claim-check. */
import { ensureDependencies } from './dependencies.mjs'
import { fromSource, inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, [
  fromSource,
  'examples/claim-check/src/main.ts',
  ...process.argv.slice(2),
])
