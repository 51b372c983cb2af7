/** What the collector remembers of a store between runs: an object `gc/<storeId>` in the object store itself. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import { Schema } from 'effect'
import { decode } from '../body.ts'

const State = Schema.parseJson(
  Schema.Struct({
    logId: Schema.String,
    /** of the last run */
    liveCount: Schema.Number,
    /** contents that the log named once and no longer: since when (unix ms, the collector's clock) */
    goneSince: Schema.Record({ key: Schema.String, value: Schema.Number }),
    /** being deleted: whoever finds these after a crash has to look whether the log names one of them by now */
    pending: Schema.Array(Schema.String),
  }),
)

export interface CollectorState {
  readonly logId: string
  readonly liveCount: number
  readonly goneSince: Readonly<Record<string, number>>
  readonly pending: readonly RemoteKey[]
}

const keyOf = (storeId: StoreId) => `gc/${storeId}`

/** @throws RockpoolError `bad_request` when the object is damaged: better no collection than a wrong one */
export const readState = async (
  store: ObjectStore,
  storeId: StoreId,
  signal: AbortSignal,
): Promise<CollectorState | undefined> => {
  try {
    const { body } = await store.get(keyOf(storeId), { signal })
    return decode(State, await new Response(body).text()) as CollectorState
  } catch (error) {
    if (isObjectStoreError(error, 'not_found')) return undefined
    throw error
  }
}

export const writeState = async (
  store: ObjectStore,
  storeId: StoreId,
  state: CollectorState,
  signal: AbortSignal,
): Promise<void> => {
  const bytes = new TextEncoder().encode(JSON.stringify(state))
  await store.put(keyOf(storeId), bytes, { size: bytes.length, type: 'application/json', signal })
}
