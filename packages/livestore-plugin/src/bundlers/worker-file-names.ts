/**
 * The name of LiveStore's shared worker in a Vite build: the same in every release. Browsers find a running shared worker by its
 * URL, so with a hash in it, tabs of two releases would not share a leader. Its content depends on LiveStore and on
 * `fixes.ts`, not on the app.
 */
import { posix } from 'node:path'

/** To be raised when `fixes.ts` changes the shared worker: servers may let a file of this name be cached without expiry. */
const REVISION = 2
export const SHARED_WORKER_FILE = `livestore-shared-worker-0.4.0-${REVISION}.js`

interface Entry {
  readonly name: string
  readonly facadeModuleId?: string | null | undefined
}
export type FileNames<E extends Entry> = string | ((entry: E) => string)

/** How the app's configuration names workers. Vite reads the first of several outputs. */
export const namesOf = <Names>(
  output: { readonly entryFileNames?: Names } | readonly { readonly entryFileNames?: Names }[] | undefined,
): Names | undefined => (Array.isArray(output) ? output[0] : output)?.entryFileNames

/** @param others how the app's other workers are called; as Vite calls them when not given */
export const workerFileNames =
  <E extends Entry>(assetsDir = 'assets', others: FileNames<E> = posix.join(assetsDir, '[name]-[hash].js')) =>
  (entry: E): string => {
    if (/@livestore[\\/]adapter-web[\\/].*make-shared-worker\.js/.test(entry.facadeModuleId ?? '')) {
      return posix.join(assetsDir, SHARED_WORKER_FILE)
    }
    return typeof others === 'function' ? others(entry) : others
  }
