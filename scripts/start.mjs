/** `npm start`: the gallery with everything embedded, on http://127.0.0.1:5173 (PORT changes the port). */
import { ensureDependencies } from './dependencies.mjs'
import { fromSource, inForeground, node24 } from './processes.mjs'

await ensureDependencies()
process.exitCode = await inForeground(node24, [fromSource, 'scripts/gallery.mjs', 'dev'])
