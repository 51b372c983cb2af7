/** Retention of artifacts: requests go by age. Garbage collection leaves them alone, since no log names them. */
import { listAll, type ObjectStore } from '@rockpool/object-store'
import { parseArtifactKey } from '@rockpool/protocol'

const ROOT = 'requests/'

export interface ExpireOptions {
  /** a request goes when its newest object is at least this old, in ms */
  readonly olderThanMs: number
  /** unix ms */
  readonly now: number
  /** only counts */
  readonly dryRun: boolean
}

export interface Expired {
  readonly requests: number
  readonly objects: number
  readonly bytes: number
}

interface StoredRequest {
  readonly id: string
  readonly keys: string[]
  bytes: number
  /** of the newest object, unix ms */
  modifiedAt: number
}

/** Removes old requests as a whole. It may be killed and run again. @throws ObjectStoreError */
export const expireRequests = async (
  store: Pick<ObjectStore, 'list' | 'delete'>,
  { olderThanMs, now, dryRun }: ExpireOptions,
  signal: AbortSignal,
): Promise<Expired> => {
  let [requests, objects, bytes] = [0, 0, 0]
  for await (const request of storedRequests(store, signal)) {
    // Of an object without a time the age is not known: the request stays.
    if (!(now - request.modifiedAt >= olderThanMs)) continue
    for (const key of dryRun ? [] : request.keys) await store.delete(key, { signal })
    requests++
    objects += request.keys.length
    bytes += request.bytes
  }
  return { requests, objects, bytes }
}

/** A listing is ascending, so the objects of a request follow each other. */
async function* storedRequests(
  store: Pick<ObjectStore, 'list'>,
  signal: AbortSignal,
): AsyncGenerator<StoredRequest, void, undefined> {
  let current: StoredRequest | undefined
  for await (const { key, size, modifiedAt } of listAll(store, ROOT, { signal })) {
    // In an S3 bucket other clients may have written keys outside the grammar: they are not the server's to remove.
    if (parseArtifactKey(key) === undefined) continue
    const id = key.split('/', 2)[1]!
    if (current?.id !== id) {
      if (current) yield current
      current = { id, keys: [], bytes: 0, modifiedAt: 0 }
    }
    current.keys.push(key)
    current.bytes += size
    current.modifiedAt = Math.max(current.modifiedAt, modifiedAt)
  }
  if (current) yield current
}
