import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file of the app shell, as Workbox's precaching takes it. */
export interface PrecacheEntry {
  readonly url: string
  /** null: the URL itself changes with the content */
  readonly revision: string | null
}

/** Vite's `assets/<name>-<hash>.<ext>` */
const HASHED = /^assets\/.*-[A-Za-z0-9_-]{8}\.\w+$/

/** All files of a finished build that the app needs offline: everything but source maps and the service worker itself. */
export const precacheManifest = async (dir: string, serviceWorkerPath: string): Promise<readonly PrecacheEntry[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => `/${file}` !== serviceWorkerPath && !file.endsWith('.map') && !file.startsWith('.'))
    .sort()
  return Promise.all(
    files.map(async (file) => ({
      url: `/${file.split('/').map(encodeURIComponent).join('/')}`,
      revision: HASHED.test(file) ? null : await revisionOf(join(dir, file)),
    })),
  )
}

const revisionOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16)
