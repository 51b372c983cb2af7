/**
 * Puts Rockpool's sync processors in the place of LiveStore's in Node: `node --import @rockpool/livestore-plugin/register`. A
 * worker thread does not inherit this: the entry of a LiveStore worker loads LiveStore by `await import(…)` after an import
 * of this module.
 */
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { applyFixes } from './fixes.ts'
import { REPLACEMENTS, replacedText } from './replacements.ts'

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.startsWith('file:') || !url.includes('/@livestore/')) return loaded
    const path = fileURLToPath(url).replaceAll('\\', '/')
    const replacement = REPLACEMENTS.find(({ file }) => path.endsWith(file))
    if (replacement) return { ...loaded, source: replacedText(pathToFileURL(replacement.by).href) }
    const mended = applyFixes(path, String(loaded.source))
    return mended === undefined ? loaded : { ...loaded, source: mended }
  },
})
