/** `npm run preview`: the gallery's production build against the same embedded backend and on the same port as `npm start`. */
import { ensureDependencies } from './dependencies.mjs'
import { fromSource, inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, [fromSource, 'scripts/gallery.mjs', 'preview'])
