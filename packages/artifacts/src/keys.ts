/** Keys from what callers name. */
import { type ArtifactKey, buildArtifactKey, isRequestId, type TmpArea } from '@rockpool/protocol'
import { ArtifactError } from './errors.ts'

/** Where an artifact is: `requests/<requestId>/<stage>/<name>`. */
export interface ArtifactLocation {
  /** UUID v4 in lower case */
  readonly requestId: string
  /** one segment of `[A-Za-z0-9._-]`, any but `metadata`; `input` holds what the request began with */
  readonly stage: string
  /** one or more segments of `[A-Za-z0-9._-]`, such as `clip_0001/frame_0003.jpg` */
  readonly name: string
}

/** Where a temporary object is: `tmp/<area>/<name>`. */
export interface TmpLocation {
  readonly area: TmpArea
  /** one or more segments of `[A-Za-z0-9._-]` */
  readonly name: string
}

/** @throws ArtifactError `bad_key` */
export const artifactKey = ({ requestId, stage, name }: ArtifactLocation): ArtifactKey =>
  buildArtifactKey({ kind: 'artifact', requestId, stage, name }) ??
  refuse(
    isRequestId(requestId)
      ? `The stage "${clip(stage)}" and the name "${clip(name)}" make no key. Use A-Z, a-z, 0-9, ".", "_" and "-" in each segment; "metadata" is no stage.`
      : badRequestId(requestId),
  )

/** @throws ArtifactError `bad_key` */
export const tmpKey = ({ area, name }: TmpLocation): ArtifactKey =>
  buildArtifactKey({ kind: 'tmp', area, name }) ??
  refuse(`"tmp/${clip(area)}/${clip(name)}" is no key. Use tmp/builds/<name> or tmp/scratch/<name>.`)

/** @throws ArtifactError `bad_key` */
export const stateKey = (requestId: string): ArtifactKey =>
  buildArtifactKey({ kind: 'state', requestId }) ?? refuse(badRequestId(requestId))

/**
 * @param at unix ms
 * @throws ArtifactError `bad_key`
 */
export const logKey = (log: {
  readonly requestId: string
  readonly stage: string
  readonly at: number
  readonly n: number
}) =>
  buildArtifactKey({ kind: 'log', ...log, timestamp: new Date(log.at).toISOString().replaceAll(/[-:.]/g, '') }) ??
  refuse(
    isRequestId(log.requestId)
      ? `"${clip(log.stage)}" is no stage. Use one segment of A-Z, a-z, 0-9, ".", "_" and "-", other than "metadata".`
      : badRequestId(log.requestId),
  )

/** The prefix of all keys of a request, or of one of its stages. @throws ArtifactError `bad_key` */
export const requestPrefix = (requestId: string, stage?: string): string => {
  const key = artifactKey({ requestId, stage: stage ?? 'input', name: 'any' })
  return stage === undefined ? `requests/${requestId}/` : key.slice(0, -'any'.length)
}

const badRequestId = (requestId: string): string =>
  `"${clip(requestId)}" is no request id. Use a UUID v4 in lower case, as crypto.randomUUID() makes it.`

const refuse = (message: string): never => {
  throw new ArtifactError('bad_key', message)
}

const clip = (text: string): string => String(text).slice(0, 200)
