/** References: what stages hand on instead of the bytes. */
import {
  addressFits,
  type ArtifactKey,
  type ContentAddress,
  isMediaType,
  parseAddress,
  parseArtifactKey,
} from '@rockpool/protocol'
import { ArtifactError } from './errors.ts'

/** A claim check: names an artifact and proves its bytes. Plain JSON. */
export interface ArtifactRef {
  /** `s3://<bucket>/<key>` */
  readonly uri: string
  readonly key: ArtifactKey
  /** bytes */
  readonly size: number
  /** media type */
  readonly type: string
  /** SHA-256 of the bytes; over 8 MiB, of the SHA-256 digests of their N parts of 8 MiB, and `-N` */
  readonly address: ContentAddress
}

/** The key of a URI in this S3 bucket. @throws ArtifactError `bad_reference`, `other_bucket`, `bad_key` */
export const keyOfUri = (bucket: string, uri: string): ArtifactKey => {
  const [, named, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  if (named === undefined || key === undefined) {
    throw new ArtifactError('bad_reference', `"${uri.slice(0, 200)}" is no reference. Pass s3://<bucket>/<key>.`)
  }
  if (named !== bucket) {
    throw new ArtifactError(
      'other_bucket',
      `The reference is to the S3 bucket "${named.slice(0, 100)}", and this client uses "${bucket}". Set ARTIFACT_BUCKET to the bucket of the pipeline.`,
    )
  }
  if (parseArtifactKey(key) === undefined) {
    throw new ArtifactError(
      'bad_key',
      `"${key.slice(0, 200)}" is no key of an artifact. Pass a reference that put returned.`,
    )
  }
  return key as ArtifactKey
}

export const uriOf = (bucket: string, key: ArtifactKey): string => `s3://${bucket}/${key}`

/**
 * Reads a reference that came from outside: a queue, a request body.
 *
 * @throws ArtifactError `bad_reference`
 */
export const parseArtifactRef = (value: unknown): ArtifactRef => {
  const refuse = (problem: string): never => {
    throw new ArtifactError(
      'bad_reference',
      `The reference ${problem}. Pass one that put, resolve or JSON.parse returned, unchanged.`,
    )
  }
  if (typeof value !== 'object' || value === null) return refuse('is not an object')
  const { uri, key, size, type, address } = value as Record<string, unknown>
  if (typeof key !== 'string' || parseArtifactKey(key) === undefined) return refuse('has no key within the grammar')
  if (typeof uri !== 'string' || !/^s3:\/\/[^/]+\//.test(uri) || uri.slice(uri.indexOf('/', 5) + 1) !== key) {
    return refuse('has a uri that is not s3://<bucket>/<key>')
  }
  const parsed = typeof address === 'string' ? parseAddress(address) : undefined
  if (parsed === undefined) return refuse('has no content address')
  if (typeof size !== 'number' || !addressFits(parsed, size)) return refuse('has a size that its address does not fit')
  if (typeof type !== 'string' || !isMediaType(type)) return refuse('has no media type')
  return { uri, key: key as ArtifactKey, size, type, address: parsed }
}
