/** `npm run pipeline -- gallery`, or `-- run <file>` and the other commands of examples/claim-check. */
import { ensureDependencies } from './dependencies.mjs'
import { fromSource, inForeground, node24 } from './processes.mjs'

const args = process.argv.slice(2)
await ensureDependencies()
process.exitCode = await inForeground(node24, [
  fromSource,
  ...(args[0] === 'gallery'
    ? ['scripts/pipeline-gallery.mjs', ...args.slice(1)]
    : ['examples/claim-check/src/main.ts', ...args]),
])
