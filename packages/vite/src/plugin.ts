import type { Plugin } from 'vite'
import { livestoreFixes } from './livestore-fixes.ts'
import { serviceWorker } from './service-worker/plugin.ts'

export interface RockpoolOptions {
  /** the app's service worker, from the root; `src/service-worker.ts` when not given, or a ready-made one if that is missing */
  readonly serviceWorker?: string
  /** runs the sync backend and the signer inside the dev and preview servers */
  readonly backend?: boolean | { readonly dataDir?: string }
}

/** What an app on Rockpool needs of Vite: a mended LiveStore, the service worker, and in development the backend. */
export const rockpool = (options: RockpoolOptions = {}): Plugin[] => [
  livestore(),
  livestoreFixes(),
  serviceWorker(options.serviceWorker),
]

/** Settings that LiveStore needs, and its mending in the two places that do not see the page's plugins. */
const livestore = (): Plugin => ({
  name: 'rockpool:livestore',
  config: () => ({
    worker: { format: 'es', plugins: () => [livestoreFixes()] },
    optimizeDeps: {
      // Workers are found late in dev: the first cold load would bundle dependencies anew and reload the page.
      include: [
        '@livestore/livestore',
        '@livestore/adapter-web',
        '@livestore/adapter-web/worker',
        '@livestore/adapter-web/shared-worker',
        '@livestore/sync-cf/client',
      ],
      rolldownOptions: { plugins: [livestoreFixes()] },
    },
  }),
})
