/** Resolves what our modules import of LiveStore and Effect from LiveStore's place, in the words of each bundler. */
import { dirname } from 'node:path'
import type { UnpluginOptions } from 'unplugin'
import { isPeerImport, PEERS } from '../replacements.ts'

type Hooks = Pick<Required<UnpluginOptions>, 'vite' | 'rollup' | 'rolldown' | 'webpack' | 'rspack' | 'esbuild'>

/** What Rollup, Rolldown and Vite give to a hook. */
interface ResolveContext {
  resolve(source: string, importer: string): Promise<{ readonly id: string } | null>
}

/** What webpack and Rspack give to a hook. */
interface Request {
  readonly request: string
  readonly contextInfo: { readonly issuer?: string | undefined }
  context: string
}

/** Marks a request of ours, which passes the same hook once more. */
const RESOLVED_HERE = 'rockpool:livestore'

/** @param livestorePath the path of a module of LiveStore's that was replaced, once there is one */
export const resolvePeers = (livestorePath: () => string | undefined): Hooks => {
  const resolveId = {
    filter: { id: PEERS },
    async handler(this: ResolveContext, source: string, importer: string | undefined) {
      const from = livestorePath()
      return from !== undefined && isPeerImport(source, importer) ? this.resolve(source, from) : null
    },
  }
  const beforeResolve = (data: Request): void => {
    const from = livestorePath()
    if (from !== undefined && isPeerImport(data.request, data.contextInfo.issuer)) data.context = dirname(from)
  }
  return {
    vite: { resolveId },
    rollup: { resolveId },
    rolldown: { resolveId },
    webpack: ({ hooks }) =>
      hooks.normalModuleFactory.tap(RESOLVED_HERE, (factory) =>
        factory.hooks.beforeResolve.tap(RESOLVED_HERE, (data) => beforeResolve(data)),
      ),
    rspack: ({ hooks }) =>
      hooks.normalModuleFactory.tap(RESOLVED_HERE, (factory) =>
        factory.hooks.beforeResolve.tap(RESOLVED_HERE, (data) => beforeResolve(data)),
      ),
    esbuild: {
      setup(build) {
        build.onResolve({ filter: PEERS }, ({ path, importer, kind, namespace, pluginData }) => {
          const from = livestorePath()
          if (from === undefined || pluginData === RESOLVED_HERE || !isPeerImport(path, importer)) return undefined
          return build.resolve(path, {
            importer: from,
            resolveDir: dirname(from),
            kind,
            namespace,
            pluginData: RESOLVED_HERE,
          })
        })
      },
    },
  }
}
