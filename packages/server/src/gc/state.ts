/**
 * What the collector remembers of a store between runs, in the object store itself: the object of the highest number
 * under `gc/<storeId>/`. What is remembered next has the next number, and is written once: of two collectors that go on
 * from the same memory one is refused, before it deletes anything. An object store that does not heed `ifNoneMatch`
 * (doctor: If-None-Match) refuses none of two that write at once.
 */
import { isObjectStoreError, type ObjectStore, readBytes } from '@rockpool/object-store'
import { type RemoteKey, RockpoolError, type StoreId } from '@rockpool/protocol'
import * as Either from 'effect/Either'
import * as Schema from 'effect/Schema'

const common = {
  logId: Schema.String,
  /** contents that the log named once and no longer: since when (unix ms, the collector's clock) */
  goneSince: Schema.Record({ key: Schema.String, value: Schema.Number }),
  /** being deleted. After a crash, the next collector checks whether the log names one of them */
  pending: Schema.Array(Schema.String),
}
const State = Schema.parseJson(
  Schema.Union(
    Schema.Struct({ ...common, namedCount: Schema.Number }),
    // Servers up to 0.1.0 wrote this.
    Schema.Struct({ ...common, liveCount: Schema.Number }),
  ),
)

export interface CollectorState {
  readonly logId: string
  /** keys that the log had named at the last run, also by files that are deleted */
  readonly namedCount: number
  readonly goneSince: Readonly<Record<string, number>>
  readonly pending: readonly RemoteKey[]
}

export interface CollectorMemory {
  /** as the last collector left it */
  readonly state: CollectorState | undefined
  /** when it was written: unix ms, the object store's clock */
  readonly writtenAt: number
  /** @throws RockpoolError `conflict` when another collector has written since: its memory counts, this one ends */
  write(state: CollectorState): Promise<void>
}

/** @throws RockpoolError `bad_request` when the object is damaged: better no collection than a wrong one */
export const readMemory = async (
  store: ObjectStore,
  storeId: StoreId,
  signal: AbortSignal,
): Promise<CollectorMemory> => {
  const prefix = `gc/${storeId}/`
  // One object, or two when a collector ended between writing and tidying up: never more than a page.
  const written = async () => (await store.list(prefix, { signal })).objects
  const found = await written()
  const last = found.at(-1)
  let keys = found.map(({ key }) => key)
  let number = last ? Number(last.key.slice(prefix.length)) : 0

  return {
    state: last && (await readState(store, last.key, signal)),
    writtenAt: last?.modifiedAt ?? 0,
    async write(state) {
      // In the order of keys the highest number is the last.
      const key = `${prefix}${String(++number).padStart(15, '0')}`
      const bytes = new TextEncoder().encode(JSON.stringify(state))
      const once = { size: bytes.length, type: 'application/json', ifNoneMatch: '*', signal } as const
      await store.put(key, bytes, once).catch((error: unknown) => {
        throw isObjectStoreError(error, 'precondition_failed') ? overtaken(error) : error
      })
      // The number may be free because its object was followed by others, and tidied up.
      if ((await written()).at(-1)?.key !== key) {
        await store.delete(key, { signal })
        throw overtaken()
      }
      for (const old of keys) await store.delete(old, { signal })
      keys = [key]
    },
  }
}

const readState = async (store: ObjectStore, key: string, signal: AbortSignal): Promise<CollectorState> => {
  try {
    const { info, body } = await store.get(key, { signal })
    return decodeState(new TextDecoder().decode(await readBytes(body, info.size)))
  } catch (error) {
    if (isObjectStoreError(error, 'not_found')) throw overtaken(error)
    throw error
  }
}

const decodeState = (text: string): CollectorState => {
  const decoded = Schema.decodeUnknownEither(State)(text)
  if (Either.isRight(decoded)) {
    const { right } = decoded
    // A log names each key that was live.
    const namedCount = 'namedCount' in right ? right.namedCount : right.liveCount
    return {
      logId: right.logId,
      namedCount,
      goneSince: right.goneSince,
      pending: right.pending as readonly RemoteKey[],
    }
  }
  const message =
    'What the collector remembers of this store, under gc/ in the object store, is damaged. Delete it there.'
  throw new RockpoolError('bad_request', message, { cause: decoded.left })
}

/** Another collector is at work in this store. */
export const overtaken = (cause?: unknown) =>
  new RockpoolError(
    'conflict',
    'Another collector is at work in this store, or was just now. This one goes no further.',
    {
      cause,
    },
  )
