/** What travels between orchestrator and stages: references only. */
import { ArtifactError, type ArtifactErrorCode } from '@rockpool/artifacts'

/** The body of a call of a stage. */
export interface StagePayload {
  readonly request_id: string
  readonly stage: string
  /** `s3://<bucket>/<key>` */
  readonly input_uri: string
}

export type StageReply =
  | { readonly output_uri: string }
  | { readonly error: { readonly code: ArtifactErrorCode | 'bad_media' | 'internal'; readonly message: string } }

/** @throws ArtifactError `bad_argument` */
export const parsePayload = (text: string): StagePayload => {
  const { request_id, stage, input_uri } = parseObject(text)
  if (typeof request_id !== 'string' || typeof stage !== 'string' || typeof input_uri !== 'string') {
    throw new ArtifactError('bad_argument', 'The payload needs the texts request_id, stage and input_uri.')
  }
  return { request_id, stage, input_uri }
}

/** @throws ArtifactError `bad_argument` */
export const parseReply = (text: string): StageReply => {
  const reply = parseObject(text)
  const { code, message } = (reply.error ?? {}) as Record<string, unknown>
  if (typeof reply.output_uri !== 'string' && (typeof code !== 'string' || typeof message !== 'string')) {
    throw new ArtifactError(
      'bad_argument',
      'The stage responded with neither output_uri nor error. Check which program listens there.',
    )
  }
  return reply as unknown as StageReply
}

const parseObject = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // The error below says it.
  }
  throw new ArtifactError('bad_argument', 'The message is no JSON object.')
}
