/** Copies all objects of one store to another: verified by hash, resumable, idempotent. */
import { isObjectStoreError } from '../errors.ts'
import { listAll } from '../list-all.ts'
import { BUCKET_ID_KEY } from '../object-key.ts'
import type { ListedObject, ObjectStore } from '../object-store.ts'
import { transferObject } from '../transfer-object.ts'
import { isSame } from './is-same.ts'

/** Objects copied in parallel. */
const PARALLEL = 4

export interface CopyProgress {
  /** objects and bytes in the source */
  readonly objects: number
  readonly bytes: number
  /** of those: copied now */
  readonly copied: number
  readonly copiedBytes: number
  /** of the copied: resumed from an interrupted copy; those bytes were not sent again */
  readonly resumed: number
  readonly resumedBytes: number
  /** of those: there already, with the same bytes */
  readonly same: number
  readonly sameBytes: number
  readonly failed: readonly { readonly key: string; readonly reason: string }[]
}

export interface CopyOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CopyProgress) => void
}

/**
 * Copies all objects except those under `tmp/`. An object that fails does not stop the others; the result lists it. Deletes
 * nothing. Can be stopped at any moment: the next run resumes, part by part.
 *
 * @throws ObjectStoreError `aborted`, or when a store cannot be listed
 */
export const copyStore = async (
  source: ObjectStore,
  target: ObjectStore,
  options: CopyOptions = {},
): Promise<CopyProgress> => {
  const { signal, onProgress } = options
  const call = signal ? { signal } : {}
  const progress = {
    objects: 0,
    bytes: 0,
    copied: 0,
    copiedBytes: 0,
    resumed: 0,
    resumedBytes: 0,
    same: 0,
    sameBytes: 0,
  }
  const failed: { key: string; reason: string }[] = []
  const report = () => onProgress?.({ ...progress, failed })

  for await (const { size } of objectsOf(source, target, call)) {
    progress.objects++
    progress.bytes += size
    if (progress.objects % 1000 === 0) report()
  }
  report()

  const copyOne = async ({ key, size }: ListedObject): Promise<void> => {
    let arrived = 0
    let found = 0
    try {
      if (await isSame(source, target, key, signal)) {
        progress.same++
        progress.sameBytes += size
        return
      }
      await transferObject(source, target, key, {
        ...call,
        adopt: true,
        onBytes: (bytes, before) => {
          arrived += bytes
          progress.copiedBytes += bytes
          if (before) {
            found += bytes
            progress.resumedBytes += bytes
          }
          report()
        },
      })
      progress.copied++
      if (found > 0) progress.resumed++
    } catch (error) {
      signal?.throwIfAborted()
      progress.copiedBytes -= arrived
      progress.resumedBytes -= found
      // Deleted since it was listed.
      if (isObjectStoreError(error, 'not_found')) progress.objects--
      else failed.push({ key, reason: (error as Error).message })
    } finally {
      report()
    }
  }

  const waiting = objectsOf(source, target, call)
  const worker = async () => {
    for (;;) {
      const { done, value } = await waiting.next()
      if (done) return
      await copyOne(value)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: PARALLEL }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return { ...progress, failed }
}

async function* objectsOf(
  store: ObjectStore,
  target: ObjectStore,
  call: { readonly signal?: AbortSignal },
): AsyncGenerator<ListedObject, void, undefined> {
  for await (const object of listAll(store, '', call)) {
    const { key } = object
    // A copy of an S3 bucket may stand in for it, a folder may not.
    if (key.startsWith('tmp/') || (key === BUCKET_ID_KEY && target.mode !== 's3')) continue
    yield object
  }
}
