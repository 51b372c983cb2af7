/**
 * Keys of artifacts: what the stages of a pipeline hand on by reference.
 *
 *     requests/<request id>/<stage>/<name>                                   an artifact, written once
 *     requests/<request id>/metadata/state.json                              the request's state, replaced
 *     requests/<request id>/metadata/logs/<stage>-<timestamp>-<n>.jsonl      one flush of a log
 *     tmp/builds/<name>, tmp/scratch/<name>                                  kept for 7 days
 *
 * A request id is a UUID v4 in lower case. A stage is one segment, a name one or more: `original.mp4`,
 * `clip_0001/frame_0003.jpg`.
 *
 * @see docs/contracts/artifacts.md
 */

export type RequestId = string & { readonly brand: 'RequestId' }
/** One segment, any but `metadata`. `input` holds what the request began with. */
export type Stage = string & { readonly brand: 'Stage' }
/** One or more segments. */
export type ArtifactName = string & { readonly brand: 'ArtifactName' }
export type ArtifactKey = string & { readonly brand: 'ArtifactKey' }

/** Folders of `tmp/`: what a build makes, and what a stage needs only while it runs. */
export const TMP_AREAS = ['builds', 'scratch'] as const
export type TmpArea = (typeof TMP_AREAS)[number]

export type ArtifactKeyParts =
  | { readonly kind: 'artifact'; readonly requestId: RequestId; readonly stage: Stage; readonly name: ArtifactName }
  | { readonly kind: 'state'; readonly requestId: RequestId }
  | {
      readonly kind: 'log'
      readonly requestId: RequestId
      readonly stage: Stage
      /** UTC, `20261126T195959123Z` */
      readonly timestamp: string
      /** flushes before it of the same writer */
      readonly n: number
    }
  | { readonly kind: 'tmp'; readonly area: TmpArea; readonly name: ArtifactName }

/** S3's limit on a key, in bytes; all characters of the grammar have one. */
const MAX_KEY_LENGTH = 1024

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const SEGMENT = /^[A-Za-z0-9._-]{1,255}$/
const LOG_FILE = /^([A-Za-z0-9._-]{1,200})-(\d{8}T\d{9}Z)-(0|[1-9]\d{0,9})\.jsonl$/
const METADATA = 'metadata'

// HTTP clients and file systems resolve dot segments: such a key would name another object.
const isSegment = (text: string): boolean => SEGMENT.test(text) && text !== '.' && text !== '..'

export const isRequestId = (text: string): text is RequestId => UUID_V4.test(text)
export const isStage = (text: string): text is Stage => isSegment(text) && text !== METADATA && text.length <= 200
export const isArtifactName = (text: string): text is ArtifactName => text.split('/').every(isSegment)

/** The parts of a key within the grammar, else undefined. */
export const parseArtifactKey = (key: string): ArtifactKeyParts | undefined => {
  if (key.length > MAX_KEY_LENGTH) return undefined
  const [root, second, third, ...rest] = key.split('/')
  if (second === undefined || third === undefined) return undefined
  if (root === 'tmp') {
    const area = TMP_AREAS.find((each) => each === second)
    const name = [third, ...rest].join('/')
    return area !== undefined && isArtifactName(name) ? { kind: 'tmp', area, name } : undefined
  }
  if (root !== 'requests' || !isRequestId(second)) return undefined
  const name = rest.join('/')
  if (third === METADATA) return parseMetadata(second, name)
  return isStage(third) && isArtifactName(name)
    ? { kind: 'artifact', requestId: second, stage: third, name }
    : undefined
}

const parseMetadata = (requestId: RequestId, path: string): ArtifactKeyParts | undefined => {
  if (path === 'state.json') return { kind: 'state', requestId }
  const [, stage, timestamp, n] = (path.startsWith('logs/') && LOG_FILE.exec(path.slice('logs/'.length))) || []
  if (stage === undefined || !isStage(stage)) return undefined
  return { kind: 'log', requestId, stage, timestamp: timestamp!, n: Number(n) }
}

/** The key of these parts, or undefined when one of them is outside the grammar. */
export const buildArtifactKey = (
  parts:
    | { readonly kind: 'artifact'; readonly requestId: string; readonly stage: string; readonly name: string }
    | { readonly kind: 'state'; readonly requestId: string }
    | {
        readonly kind: 'log'
        readonly requestId: string
        readonly stage: string
        readonly timestamp: string
        readonly n: number
      }
    | { readonly kind: 'tmp'; readonly area: string; readonly name: string },
): ArtifactKey | undefined => {
  const key = pathOf(parts)
  const parsed = parseArtifactKey(key)
  // Field by field: the stage "a/b" and the name "c" make a key of the stage "a".
  const isSame =
    parsed && Object.entries(parsed).every(([field, value]) => parts[field as keyof typeof parts] === value)
  return isSame ? (key as ArtifactKey) : undefined
}

const pathOf = (parts: Parameters<typeof buildArtifactKey>[0]): string => {
  switch (parts.kind) {
    case 'artifact':
      return `requests/${parts.requestId}/${parts.stage}/${parts.name}`
    case 'state':
      return `requests/${parts.requestId}/${METADATA}/state.json`
    case 'log':
      return `requests/${parts.requestId}/${METADATA}/logs/${parts.stage}-${parts.timestamp}-${parts.n}.jsonl`
    case 'tmp':
      return `tmp/${parts.area}/${parts.name}`
  }
}
