import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file of the app shell, as Workbox's precaching takes it. */
export interface PrecacheEntry {
  /** relative to the service worker, which is at the app's base */
  readonly url: string
  /** null: the URL itself changes with the content */
  readonly revision: string | null
}

export interface FinishedBuild {
  /** the folder of the build */
  readonly dir: string
  /** Vite's `base`: a path, or the URL of a CDN that has all files but the pages */
  readonly base: string
  readonly assetsDir: string
  /** files that the build made; the others are copies from the folder `public` */
  readonly emitted: ReadonlySet<string>
}

export interface PrecacheManifest {
  readonly manifest: readonly PrecacheEntry[]
  /** files of `public` that are too large; sizes in bytes */
  readonly omitted: readonly { readonly file: string; readonly size: number }[]
}

/** Above this size, Workbox's default, a file of `public` is content, a video for example (bytes). Every visitor would download it. */
const MAX_PUBLIC_SIZE = 2 * 1024 * 1024

/** Source maps, the service worker itself, and files that hosts read but do not serve: one 404 would end the worker's installation. */
const NOT_SERVED = /\.map$|^service-worker\.js$|^404\.html$|^CNAME$|^_[^/]*$|(?:^|\/)\./

/** All files of a build that the app needs offline. */
export const precacheManifest = async (build: FinishedBuild): Promise<PrecacheManifest> => {
  const entries = await readdir(build.dir, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(build.dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !NOT_SERVED.test(file))
    .sort()
  const manifest: PrecacheEntry[] = []
  const omitted: { readonly file: string; readonly size: number }[] = []
  for (const file of files) {
    const path = join(build.dir, file)
    const { size } = await stat(path)
    if (size > MAX_PUBLIC_SIZE && !build.emitted.has(file)) omitted.push({ file, size })
    else manifest.push({ url: urlOf(file, build), revision: isHashed(file, build) ? null : await revisionOf(path) })
  }
  return { manifest, omitted }
}

const urlOf = (file: string, { base }: FinishedBuild): string => {
  const path = file.split('/').map(encodeURIComponent).join('/')
  return /^(?:https?:)?\/\//.test(base) && !file.endsWith('.html') ? base + path : path
}

/** Vite's names for what it makes: `assets/<name>-<hash>.<extension>`. */
const isHashed = (file: string, { assetsDir, emitted }: FinishedBuild): boolean =>
  emitted.has(file) && file.startsWith(`${assetsDir}/`) && /-[A-Za-z0-9_-]{8}\.\w+$/.test(file)

const revisionOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16)
