/** Which modules of LiveStore 0.4.0 are replaced by ours, and by which. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Replacement {
  /** the end of the path of LiveStore's module */
  readonly file: string
  /** the path of ours */
  readonly by: string
}

/** Our modules have this module's extension: TypeScript in the workspace, JavaScript in the package. */
export const ours = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url))

export const REPLACEMENTS: readonly Replacement[] = [
  { file: '@livestore/common/dist/sync/ClientSessionSyncProcessor.js', by: ours('./session/processor') },
  { file: '@livestore/common/dist/leader-thread/LeaderSyncProcessor.js', by: ours('./leader/processor') },
]

/** The source of a replaced module. */
export const replacedText = (by: string): string => `export * from ${JSON.stringify(by)}\n`

/** A path as the names of files are compared here: slashes, without the query that Vite adds (`….js?v=…`). */
export const plainPath = (path: string): string => path.replace(/[?#].*$/, '').replaceAll('\\', '/')

const FOLDER = plainPath(fileURLToPath(new URL('./', import.meta.url)))

/** Packages that our modules import. */
export const PEERS = /^(?:@livestore\/|effect(?:\/|$))/

/**
 * Whether one of our modules imports LiveStore or Effect. It has to get the copy that the replaced module would get, so the
 * specifier is resolved from there: with pnpm, this package's own place leads to another copy, or to none.
 */
export const isPeerImport = (specifier: string, importer: string | undefined): importer is string =>
  importer !== undefined && PEERS.test(specifier) && plainPath(importer).startsWith(FOLDER)
