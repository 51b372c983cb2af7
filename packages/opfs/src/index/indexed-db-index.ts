import {
  applySteps,
  type LocalIndex,
  type IndexKey,
  type IndexPage,
  type IndexRange,
  type IndexStep,
  type IndexTable,
  type IndexTables,
  makeListeners,
  readsOf,
} from '@rockpool/core'
import { isStoreId, RockpoolError } from '@rockpool/protocol'
import { diskError } from '../disk-error.ts'
import { type Database, openDatabase, type Transaction } from './database.ts'

export interface IndexedDbIndexOptions {
  readonly storeId: string
  /** false: reject with `not_found` instead of making a database that is not there. True when not given */
  readonly create?: boolean
}

/**
 * Opens a store's index in IndexedDB, database `rockpool-<storeId>`. Every tab and worker of the origin may have it open.
 *
 * @throws RockpoolError `unsupported` where IndexedDB is missing or blocked; `not_found`, see `create`; `superseded` when a
 *   newer version of the app has upgraded it
 */
export const indexedDbIndex = async ({ storeId, create = true }: IndexedDbIndexOptions): Promise<LocalIndex> => {
  if (!isStoreId(storeId)) throw new RockpoolError('bad_request', `"${storeId}" cannot be the id of a store.`)
  const database = await openDatabase(storeId, create)
  const listeners = makeListeners<readonly IndexKey[]>()
  const writes = new Set<Promise<unknown>>()
  const channel = new BroadcastChannel(`rockpool-index:${storeId}`)

  channel.onmessage = ({ data }: MessageEvent<readonly IndexKey[]>) => listeners.emit(data)

  /** Other tabs are notified of writes that are still under way. */
  const end = async () => {
    listeners.clear()
    database.close()
    await Promise.allSettled(writes)
    channel.close()
  }

  return {
    get: <T extends IndexTable>(table: T, key: string) =>
      run(async () => {
        const transaction = await database.transaction([table], 'readonly')
        return (await transaction.objectStore(table).get(key)) as IndexTables[T] | undefined
      }),

    getMany: <T extends IndexTable>(table: T, keys: readonly string[]) =>
      run(async () => {
        const transaction = await database.transaction([table], 'readonly')
        const store = transaction.objectStore(table)
        return (await Promise.all(keys.map((key) => store.get(key)))) as (IndexTables[T] | undefined)[]
      }),

    getAll: <T extends IndexTable>(table: T, { after, limit }: Partial<IndexPage> = {}) =>
      run(async () => {
        const transaction = await database.transaction([table], 'readonly')
        return (await transaction.objectStore(table).getAll(rangeAfter(after), limit)) as IndexTables[T][]
      }),

    keys: (table, { after, limit }: Partial<IndexPage> = {}) =>
      run(async () => {
        const transaction = await database.transaction([table], 'readonly')
        return transaction.objectStore(table).getAllKeys(rangeAfter(after), limit)
      }),

    async write(steps, { epoch } = {}) {
      const write = run(async () => {
        const changed = await writeSteps(database, steps, epoch)
        if (changed.length > 0) {
          channel.postMessage(changed)
          listeners.emit(changed)
        }
        return changed
      })
      writes.add(write)
      try {
        return await write
      } finally {
        writes.delete(write)
      }
    },

    subscribe: listeners.add,

    close: end,

    erase: () =>
      run(async () => {
        await end()
        await database.erase()
      }),
  }
}

const rangeAfter = (after: string | undefined): IDBKeyRange | undefined =>
  after === undefined ? undefined : IDBKeyRange.lowerBound(after, true)

/** Makes all changes in one transaction, over just the tables involved. @returns the rows that changed */
const writeSteps = async (
  database: Database,
  steps: readonly IndexStep[],
  epoch: number | undefined,
): Promise<readonly IndexKey[]> => {
  if (steps.length === 0) return []
  const { keys, ranges } = readsOf(steps)
  const tables = new Set([...keys, ...ranges].map(({ table }) => table))
  if (epoch !== undefined) tables.add('engine')
  const transaction = await database.transaction([...tables], 'readwrite')
  return inTransaction(transaction, async () => {
    const row = ({ table, key }: IndexKey) => transaction.objectStore(table).get(key)
    const rows = ({ table, after }: IndexRange) => transaction.objectStore(table).getAll(rangeAfter(after))
    const [engine, readRows, readRanges] = await Promise.all([
      epoch === undefined ? undefined : transaction.objectStore('engine').get('engine'),
      Promise.all(keys.map(async ({ table, key }) => ({ table, key, row: await row({ table, key }) }))),
      Promise.all(ranges.map(async (range) => ({ range, rows: await rows(range) }))),
    ])
    if (epoch !== undefined && engine && engine.epoch > epoch) throw newerLeader()
    const changed = applySteps(steps, { rows: readRows, ranges: readRanges })
    for (const { table, key, after } of changed) {
      const store = transaction.objectStore(table)
      // A request that fails fails the transaction, which reports it.
      ;(after === undefined ? store.delete(key) : store.put(after)).catch(() => {})
    }
    return changed.map(({ table, key }) => ({ table, key }))
  })
}

/** Commits when `work` succeeds; makes nothing of it when it throws. Durable when it resolves. */
const inTransaction = async <T>(transaction: Transaction<'readwrite'>, work: () => Promise<T>): Promise<T> => {
  try {
    const result = await work()
    // Not left to the browser, which asks the page once more: while that page stands still, no other one could write (60 s in Chromium).
    transaction.commit()
    await transaction.done
    return result
  } catch (error) {
    transaction.done.catch(() => {})
    try {
      transaction.abort()
    } catch {
      // It has ended already.
    }
    throw error
  }
}

/** The browser's errors become RockpoolErrors; what a change threw stays as it is. */
const run = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DOMException ? diskError(error) : error
  }
}

const newerLeader = () => new RockpoolError('superseded', 'Another tab leads this store now; it continues the work.')
