/** `npm run build`: every package to ESM with types (dist/), and the gallery's production build. */
import { ensureDependencies } from './dependencies.mjs'
import { bin, fromSource, inForeground, node24 } from './processes.mjs'

const steps = [
  [bin('typescript/bin/tsc'), '-b', 'tsconfig.build.json'],
  [fromSource, 'scripts/gallery.mjs', 'build'],
]

await ensureDependencies()
for (const args of steps) {
  const code = await inForeground(node24, args)
  if (code !== 0) process.exit(code)
}
console.log('Built: packages/*/dist, signer/dist, examples/gallery/dist')
