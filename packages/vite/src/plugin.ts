import { livestorePlugin } from '@rockpool/livestore-plugin'
import type { Plugin } from 'vite'
import type { BackendOptions } from './backend/embedded-backend.ts'
import { backend } from './backend/plugin.ts'
import { dataFolderGuard } from './data-folder/guard.ts'
import { nodeVersion } from './node-version.ts'
import { fileUrls } from './service-worker/file-urls.ts'
import { serviceWorker, type ShellOptions } from './service-worker/plugin.ts'

export interface RockpoolOptions {
  /** the app's service worker, from the root; `src/service-worker.ts` when not given, or a ready-made one if that is missing */
  readonly serviceWorker?: string
  /** the app without a network; `false`: the worker serves file URLs only */
  readonly shell?: ShellOptions | false
  /**
   * Runs the sync server (`/sync`), the signer (`/signer`) and an endpoint for development tokens
   * (`POST /rockpool-dev/token?user=…&store=…`) inside the dev and preview servers. They keep their data in `dataDir`, a
   * folder of this app in the user's data when not given; the environment variable ROCKPOOL_DATA_DIR overrides it.
   */
  readonly backend?: boolean | Partial<BackendOptions>
}

/** What an app on Rockpool needs of Vite: the LiveStore plugin, the service worker, and in development the backend. */
export const rockpool = (options: RockpoolOptions = {}): Plugin[] => [
  nodeVersion(),
  livestore(),
  livestorePlugin.vite(),
  serviceWorker(options.serviceWorker, options.shell ?? {}),
  fileUrls(),
  ...(options.backend ? embedded(options.backend === true ? {} : options.backend) : []),
]

const embedded = (options: Partial<BackendOptions>): Plugin[] => [dataFolderGuard(options.dataDir), backend(options)]

/** Settings that LiveStore needs. */
const livestore = (): Plugin => ({
  name: 'rockpool:livestore-settings',
  config: () => ({
    worker: { format: 'es' },
    optimizeDeps: {
      // Workers are found late in dev: the first cold load would bundle dependencies again and reload the page.
      include: [
        '@livestore/livestore',
        '@livestore/adapter-web',
        '@livestore/adapter-web/worker',
        '@livestore/adapter-web/shared-worker',
        '@rockpool/livestore > @livestore/common',
        '@rockpool/livestore > effect',
      ],
    },
  }),
})
