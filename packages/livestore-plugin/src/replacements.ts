/** Which modules of LiveStore 0.4.0 are replaced by ours, and by which. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Replacement {
  /** the end of the path of LiveStore's module */
  readonly file: string
  /** the path of ours */
  readonly by: string
}

/** Ours lie beside this module: TypeScript in the workspace, JavaScript in the package. */
const ours = (path: string): string => fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url))

export const REPLACEMENTS: readonly Replacement[] = [
  { file: '@livestore/common/dist/sync/ClientSessionSyncProcessor.js', by: ours('./session/processor') },
  { file: '@livestore/common/dist/leader-thread/LeaderSyncProcessor.js', by: ours('./leader/processor') },
]

/** The text that stands for a replaced module. */
export const replacedText = (by: string): string => `export * from ${JSON.stringify(by)}\n`
