/** Retention: requests and temporary objects go by age. */
import { isRequestId } from '@rockpool/protocol'
import { ArtifactError } from './errors.ts'
import { requestPrefix } from './keys.ts'
import type { ArtifactStorage } from './storage/storage.ts'

const DAY_MS = 24 * 3_600_000
/** How long `tmp/` is kept. */
export const TMP_AGE_MS = 7 * DAY_MS

export interface RemoveExpiredOptions {
  /** ms: a request goes when its newest object is older. Not given: requests stay */
  readonly requestsOlderThan?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Removed {
  readonly requests: number
  /** those of requests, and of `tmp/` */
  readonly objects: number
}

/**
 * Removes what is in `tmp/` for 7 days, and requests as a whole. Objects below `requests/` that are of no request stay.
 * May be killed and run again.
 *
 * @throws ArtifactError `bad_argument`, and what the storage throws
 */
export const removeExpired = async (
  storage: ArtifactStorage,
  now: number,
  { requestsOlderThan, signal }: RemoveExpiredOptions,
): Promise<Removed> => {
  if (requestsOlderThan !== undefined && !(requestsOlderThan >= DAY_MS)) {
    throw new ArtifactError(
      'bad_argument',
      'requestsOlderThan is at least one day, in ms: a request that runs must not go.',
    )
  }
  const removed = { requests: 0, objects: 0 }
  for await (const { key, modifiedAt } of objectsBelow(storage, 'tmp/', signal)) {
    if (!isOlder(now, modifiedAt, TMP_AGE_MS)) continue
    await storage.remove(key, signal)
    removed.objects++
  }
  if (requestsOlderThan === undefined) return removed
  for await (const { keys, modifiedAt } of requests(storage, signal)) {
    if (!isOlder(now, modifiedAt, requestsOlderThan)) continue
    for (const key of keys) await storage.remove(key, signal)
    removed.requests++
    removed.objects += keys.length
  }
  return removed
}

/** False when the store sent no time that can be read (NaN): what has no age is kept. */
const isOlder = (now: number, modifiedAt: number, age: number): boolean => now - modifiedAt >= age

interface StoredRequest {
  readonly keys: readonly string[]
  /** of the newest object, unix ms */
  readonly modifiedAt: number
}

/**
 * Removes a request as a whole. Resolves with the number of objects. May be killed and run again.
 *
 * @throws ArtifactError `bad_key`, and what the storage throws
 */
export const removeRequest = async (
  storage: ArtifactStorage,
  requestId: string,
  signal: AbortSignal | undefined,
): Promise<number> => {
  let removed = 0
  for await (const { key } of objectsBelow(storage, requestPrefix(requestId), signal)) {
    await storage.remove(key, signal)
    removed++
  }
  return removed
}

/** A listing is ascending, so the objects of a request follow each other. */
async function* requests(
  storage: ArtifactStorage,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredRequest, void, undefined> {
  let current: { requestId: string; keys: string[]; modifiedAt: number } | undefined
  for await (const { key, modifiedAt } of objectsBelow(storage, 'requests/', signal)) {
    const requestId = key.split('/', 2)[1]!
    // Other programs may keep files of their own below this prefix, such as `requests/templates/base.psd`.
    if (!isRequestId(requestId)) continue
    if (current?.requestId !== requestId) {
      if (current) yield current
      current = { requestId, keys: [], modifiedAt: 0 }
    }
    current.keys.push(key)
    current.modifiedAt = Math.max(current.modifiedAt, modifiedAt)
  }
  if (current) yield current
}

async function* objectsBelow(storage: ArtifactStorage, prefix: string, signal: AbortSignal | undefined) {
  let cursor: string | undefined
  do {
    const page = await storage.list(prefix, cursor, signal)
    for (const object of page.objects) if (!hasDotSegment(object.key)) yield object
    cursor = page.cursor
  } while (cursor !== undefined)
}

/**
 * URLs resolve dot segments: to remove the key `requests/a/../../../b/c`, which another client may have written, would
 * remove the object `c` of the S3 bucket `b`.
 */
const hasDotSegment = (key: string): boolean => key.split('/').some((segment) => segment === '.' || segment === '..')
