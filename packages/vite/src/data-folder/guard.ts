/** Keeps Vite's servers from serving the data folder, which holds the secret that all tokens are signed with. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import { normalizePath, type Plugin, resolveConfig } from 'vite'
import { checkPlace, dataFolder, FORMER_FOLDER } from './place.ts'
import { realPaths } from './real-paths.ts'
import { isBelow, pathsOf } from './served-paths.ts'

/**
 * Responds 403 for every file in the data folder, in dev and preview. Vite's own `server.fs.deny` gets the folder as well;
 * alone it would leave the preview server, symlinks to the folder, and apps with `server.fs.strict: false`.
 *
 * @param option `dataDir` of the backend's options
 */
export const dataFolderGuard = (option: string | undefined): Plugin => {
  /** the folder, and the one of earlier versions, whose secret may still sign tokens */
  const foldersOf = (root: string) => [dataFolder(root, option), join(root, FORMER_FOLDER)]
  return {
    name: 'rockpool:data-folder',
    // The first middleware of all: another plugin's may serve files.
    enforce: 'pre',
    async config({ root = '.', server }, { command }) {
      if (command !== 'serve') return
      const folders = foldersOf(resolve(root))
      const paths = new Set([...folders, ...folders.map(realPaths())].map(normalizePath))
      const globs = Array.from(paths, (path) => `${escapeGlob(path)}{,/**}`)
      // Vite 8 replaces its own list (`.env`, `.git`, …) by the one of a config, and adds this one to that of the app.
      const defaults = server?.fs?.deny ? [] : (await resolveConfig({ configFile: false }, 'serve')).server.fs.deny
      const watch = server?.watch === null ? {} : { watch: { ignored: globs } }
      return { server: { fs: { deny: [...defaults, ...globs] }, ...watch } }
    },
    configResolved({ root, publicDir, build }) {
      const realPath = realPaths()
      checkPlace(realPath(dataFolder(root, option)), {
        root: realPath(root),
        publicDir: publicDir && realPath(publicDir),
        outDir: realPath(resolve(root, build.outDir)),
      })
    },
    configureServer({ config, middlewares }) {
      const served = [config.root, config.publicDir].filter((folder) => folder !== '')
      middlewares.use(refuseBelow(foldersOf(config.root), served, config.base))
    },
    configurePreviewServer({ config, middlewares }) {
      // The root is not served here; 403 says more than the app's page, which Vite serves for every other path.
      const served = [resolve(config.root, config.build.outDir), config.root]
      middlewares.use(refuseBelow(foldersOf(config.root), served, config.base))
    },
  }
}

/** The middleware. `served`: folders whose files Vite serves by their path from there. */
export const refuseBelow =
  (folders: readonly string[], served: readonly string[], base: string) =>
  (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    // At each request: the folder, or a symlink to it, may be created after the start.
    const realPath = realPaths()
    const real = folders.flatMap((folder) => [normalizePath(folder), normalizePath(realPath(folder))])
    const isInDataFolder = (path: string) => isBelow(path, real) || isBelow(normalizePath(realPath(path)), real)
    if (![...pathsOf(request.url ?? '/', served.map(normalizePath), base)].some(isInDataFolder)) return next()
    response.statusCode = 403
    response.setHeader('content-type', 'text/plain')
    response.end("Rockpool's data folder is not served.")
  }

const escapeGlob = (path: string): string => path.replace(/[\\$^*+?()[\]{}!@|]/g, String.raw`\$&`)
