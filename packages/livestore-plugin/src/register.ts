/**
 * Puts Rockpool's sync processors in the place of LiveStore's in Node: `node --import @rockpool/livestore-plugin/register`.
 * LiveStore starts its worker threads without that option, so the entry of such a worker imports this module, and then loads
 * LiveStore by `await import(…)`.
 */
import module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { applyFixes } from './fixes.ts'
import { isPeerImport, plainPath, REPLACEMENTS, replacedText } from './replacements.ts'

// Older versions of Node lack it; imported by its name, they would only say that there is no such export.
if (typeof module.registerHooks !== 'function') {
  throw new Error(
    `@rockpool/livestore-plugin/register needs Node 22.15 or newer, and this is Node ${process.versions.node}.`,
  )
}

const textOf = (source: module.LoadFnOutput['source']): string =>
  typeof source === 'string' ? source : new TextDecoder().decode(source ?? new Uint8Array())

/** A second run of the hooks would not find the lines that the first one fixed. */
const REGISTERED = Symbol.for('rockpool.livestore.register')
const thread = globalThis as { [REGISTERED]?: true }

if (!thread[REGISTERED]) {
  thread[REGISTERED] = true
  let livestoreUrl: string | undefined

  module.registerHooks({
    resolve(specifier, context, nextResolve) {
      const { parentURL } = context
      if (livestoreUrl === undefined || !parentURL?.startsWith('file:')) return nextResolve(specifier, context)
      const isPeer = isPeerImport(specifier, fileURLToPath(parentURL))
      return nextResolve(specifier, isPeer ? { ...context, parentURL: livestoreUrl } : context)
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.startsWith('file:') || !url.includes('/@livestore/')) return loaded
      const path = plainPath(fileURLToPath(url))
      const replacement = REPLACEMENTS.find(({ file }) => path.endsWith(file))
      if (replacement) {
        livestoreUrl = url
        return { ...loaded, source: replacedText(pathToFileURL(replacement.by).href) }
      }
      const fixed = applyFixes(path, textOf(loaded.source))
      return fixed === undefined ? loaded : { ...loaded, source: fixed }
    },
  })
}
