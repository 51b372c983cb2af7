/** Reads all objects of a store, and reports damage. */
import { isObjectStoreError } from '../errors.ts'
import type { HybridStore } from '../hybrid/index.ts'
import { listAll } from '../list-all.ts'
import type { LocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import type { S3Store } from '../s3/index.ts'
import { checkObject, type Checked } from './check-object.ts'

/** Objects read in parallel. */
const PARALLEL = 4

export interface VerifyOptions {
  readonly signal?: AbortSignal
  /**
   * Repairs damage where possible: the folder of a hybrid store fetches the bytes from S3. Objects without an intact copy are
   * moved to `quarantine/` and count as missing, so that a device that has them uploads them again
   */
  readonly heal?: boolean
  readonly onProgress?: (progress: VerifyProgress) => void
}

export interface VerifyProgress {
  /** objects and bytes at the start */
  readonly objects: number
  readonly bytes: number
  /** checked so far */
  readonly checked: number
  readonly checkedBytes: number
  readonly damaged: number
}

export interface Damage {
  readonly key: string
  /** a sentence for the operator */
  readonly reason: string
  /** `healed`: restored from S3. `set aside`: quarantined, counts as missing. `left`: unchanged */
  readonly outcome: 'healed' | 'set aside' | 'left'
}

export interface VerifyReport extends Omit<VerifyProgress, 'damaged'> {
  readonly damaged: readonly Damage[]
  /** objects without any hash to compare with: only their length was checked */
  readonly unproven: number
}

/** The stores that can be verified; what else an {@link ObjectStore} may be, is not on a disk. */
export type VerifiableStore = LocalStore | HybridStore | S3Store

/**
 * Verifies all objects but those under `tmp/`. In `hybrid`, S3 is read only for what the folder does not hold.
 *
 * @throws ObjectStoreError `aborted`, and when the store cannot be listed or read
 */
export const verify = async (store: VerifiableStore, options: VerifyOptions = {}): Promise<VerifyReport> => {
  const { signal, heal = false, onProgress } = options
  const progress = { objects: 0, bytes: 0, checked: 0, checkedBytes: 0 }
  const damaged: Damage[] = []
  let unproven = 0
  for await (const { size } of objectsOf(store, signal)) {
    progress.objects++
    progress.bytes += size
  }
  const report = () => onProgress?.({ ...progress, damaged: damaged.length })
  report()

  const checkOne = async (key: string, size: number): Promise<void> => {
    const checked = await check(store, key, signal)
    if (checked.state === 'damaged' && (await isListed(store, key, signal))) {
      damaged.push({ key, reason: checked.reason, outcome: heal ? await mend(store, key, signal) : 'left' })
    }
    if (checked.state === 'unproven') unproven++
    progress.checked++
    progress.checkedBytes += size
    report()
  }

  const waiting = objectsOf(store, signal)
  const lane = async () => {
    for (;;) {
      const { done, value } = await waiting.next()
      if (done) return
      try {
        await checkOne(value.key, value.size)
      } catch (error) {
        // Stops the other lanes, too: they might read for hours, for a result that is lost.
        await waiting.return(undefined)
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: PARALLEL }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return { ...progress, damaged, unproven }
}

const check = async (store: VerifiableStore, key: string, signal?: AbortSignal): Promise<Checked> => {
  if (store.mode !== 'hybrid') return checkObject(store, key, signal)
  const isHere = (await store.folder.inspect(key)) !== 'absent'
  return checkObject(isHere ? store.folder : await store.replica(signal), key, signal)
}

/** @returns what was done about a damaged object */
const mend = async (store: VerifiableStore, key: string, signal?: AbortSignal): Promise<Damage['outcome']> => {
  if (store.mode === 's3') return 'left'
  if (store.mode === 'local') {
    await store.setAside(key)
    return 'set aside'
  }
  if ((await store.folder.inspect(key)) === 'absent') return 'left'
  try {
    await store.refetch(key, signal)
    if ((await checkObject(store.folder, key, signal)).state !== 'damaged') return 'healed'
  } catch (error) {
    // S3 has it not, or not whole either.
    if (!isObjectStoreError(error, 'not_found', 'digest_mismatch')) throw error
  }
  await store.folder.setAside(key)
  return 'set aside'
}

/** Whether the object is still there: it may have been deleted while it was read. */
const isListed = async (store: ObjectStore, key: string, signal?: AbortSignal): Promise<boolean> => {
  const { objects } = await store.list(key, { limit: 1, ...(signal ? { signal } : {}) })
  return objects[0]?.key === key
}

async function* objectsOf(store: ObjectStore, signal: AbortSignal | undefined) {
  for await (const object of listAll(store, '', signal ? { signal } : {})) {
    if (!object.key.startsWith('tmp/')) yield object
  }
}
