/** Errors of the pipeline, and the exit codes of its commands. */
import { isArtifactError } from '@rockpool/artifacts'
import type { StageReply } from './payload.ts'

/** ffmpeg cannot read the input: no second attempt helps. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
}

/** The process of a stage ended, or cut the connection, before it replied. */
export class StageDiedError extends Error {
  override readonly name = 'StageDiedError'
}

/** A stage replied with an error. */
export class StageError extends Error {
  override readonly name = 'StageError'
  readonly code: string

  constructor(stage: string, { code, message }: { readonly code: string; readonly message: string }) {
    super(`${stage}: ${message}`)
    this.code = code
  }
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const replyOfError = (error: unknown): StageReply => {
  const message = error instanceof Error ? error.message : String(error)
  if (isArtifactError(error)) return { error: { code: error.code, message } }
  return { error: { code: error instanceof MediaError ? 'bad_media' : 'internal', message } }
}

/** The table in README.md. */
export const exitCodeOf = (error: unknown): number => {
  if (error instanceof UsageError) return 2
  if (error instanceof StageDiedError) return 4
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return BY_CODE[String(code)] ?? 1
}

const BY_CODE: Readonly<Record<string, number>> = {
  bad_settings: 2,
  bad_key: 2,
  bad_argument: 2,
  no_bucket: 2,
  too_large: 2,
  changed: 3,
  already_exists: 3,
  unavailable: 4,
  bad_media: 5,
  not_found: 6,
  digest_mismatch: 7,
  malformed: 7,
  forbidden: 8,
  bad_reference: 9,
  other_bucket: 9,
}
