/**
 * Puts Rockpool's sync processors in the place of LiveStore's while an app is bundled. Needed wherever LiveStore's code
 * passes: pages, workers, and dependencies that Vite optimizes in development.
 */
import { readFileSync } from 'node:fs'
import { createUnplugin, type UnpluginInstance, type UnpluginOptions } from 'unplugin'
import { resolvePeers } from './bundlers/resolve-peers.ts'
import { namesOf, workerFileNames } from './bundlers/worker-file-names.ts'
import { applyFixes } from './fixes.ts'
import { plainPath, REPLACEMENTS, replacedText } from './replacements.ts'

/** In the plugin's name: Vite optimizes LiveStore again when the names of the plugins change, not when their code does. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const makeOptions = (): UnpluginOptions => {
  let livestorePath: string | undefined
  return {
    name: `rockpool:livestore@${version}`,
    enforce: 'pre',
    transform: {
      filter: { id: /@livestore[\\/](?:common|livestore|adapter-web|sqlite-wasm)[\\/]dist[\\/]/ },
      handler(code, id) {
        // `?worker`, `?sharedworker`: not the worker's code, but a class that starts it
        if (/[?&](?:shared)?worker(?:&|$)/.test(id)) return
        const path = plainPath(id)
        const replacement = REPLACEMENTS.find(({ file }) => path.endsWith(file))
        if (replacement) {
          livestorePath = id.replace(/[?#].*$/, '')
          return { code: replacedText(replacement.by), map: null }
        }
        const fixed = applyFixes(path, code)
        return fixed === undefined ? undefined : { code: fixed, map: null }
      },
    },
    ...resolvePeers(() => livestorePath),
  }
}

/** For Vite's workers and its optimizer of dependencies: they do not get the plugins of the page. */
const nestedPlugin = createUnplugin(makeOptions)

export const livestorePlugin: UnpluginInstance<undefined, false> = createUnplugin(() => {
  const options = makeOptions()
  return {
    ...options,
    vite: {
      ...options.vite,
      config: ({ build, worker }) => ({
        worker: {
          plugins: () => [nestedPlugin.vite()],
          rolldownOptions: {
            output: { entryFileNames: workerFileNames(build?.assetsDir, namesOf(worker?.rolldownOptions?.output)) },
          },
        },
        optimizeDeps: { rolldownOptions: { plugins: [nestedPlugin.rolldown()] } },
      }),
    },
  }
})
