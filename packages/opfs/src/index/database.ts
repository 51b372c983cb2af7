/** The connection to a store's database: opened again when the browser drops it, given up when another tab needs it gone. */
import { INDEX_KEYS, type IndexTable, type IndexTables } from '@rockpool/core'
import { RockpoolError, type StoreId } from '@rockpool/protocol'
import { deleteDB, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb'
import { diskError } from '../disk-error.ts'

type Schema = { readonly [T in IndexTable]: { readonly key: string; readonly value: IndexTables[T] } }
export type Transaction<Mode extends IDBTransactionMode> = IDBPTransaction<Schema, IndexTable[], Mode>

/** Raise it with every change of the tables; an older tab then closes its connection and asks for a reload. */
const VERSION = 2

export const TABLES = Object.keys(INDEX_KEYS) as IndexTable[]

export interface Database {
  /**
   * Starts a transaction over `tables`.
   *
   * @throws RockpoolError `closed`, `superseded`, `not_found`, `unsupported`, `disk_failed`
   */
  transaction<Mode extends 'readonly' | 'readwrite'>(
    tables: readonly IndexTable[],
    mode: Mode,
  ): Promise<Transaction<Mode>>
  /** Waits for transactions that were started. Later ones are refused with `closed`. */
  close(): void
  /** Closes and deletes the database. Other tabs let go of it by themselves. */
  erase(): Promise<void>
}

/** @param create make a missing database; otherwise opening one rejects with `not_found` */
export const openDatabase = async (storeId: StoreId, create: boolean): Promise<Database> => {
  const name = `rockpool-${storeId}`
  let connection: IDBPDatabase<Schema> | undefined
  let opening: Promise<IDBPDatabase<Schema>> | undefined
  let refusal: RockpoolError | undefined

  const refuse = (error: RockpoolError) => {
    refusal ??= error
    connection?.close()
    connection = undefined
  }

  const open = async (): Promise<IDBPDatabase<Schema>> => {
    const on = {
      dropped: () => (connection = undefined),
      wanted: (version: number | null) => refuse(version === null ? erasedElsewhere() : upgradedElsewhere()),
    }
    const opened = await connect(name, create, on).catch((error: unknown) => {
      // The browser dropped the connection while it opened: Chromium does so while it clears the site's data.
      if (!wasDropped(error)) throw error
      return connect(name, create, on)
    })
    // Closed while it opened.
    if (refusal) {
      opened.close()
      throw refusal
    }
    return (connection = opened)
  }

  const connected = async () => {
    if (refusal) throw refusal
    if (connection) return connection
    return await (opening ??= open().finally(() => (opening = undefined)))
  }

  await connected()

  return {
    async transaction(tables, mode) {
      const start = (database: IDBPDatabase<Schema>) =>
        // Strict: Chromium's default reports success before the bytes are on disk.
        database.transaction([...tables], mode, { durability: 'strict' }) as Transaction<typeof mode>
      const database = await connected()
      try {
        return start(database)
      } catch (error) {
        // Safari drops connections of a page in the background before it says so by a `close` event.
        if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
        if (connection === database) connection = undefined
        return start(await connected())
      }
    },

    close: () => refuse(closed()),

    async erase() {
      refuse(closed())
      await opening?.catch(() => {})
      await deleteDB(name)
    },
  }
}

const connect = async (
  name: string,
  create: boolean,
  on: { readonly dropped: () => void; readonly wanted: (version: number | null) => void },
): Promise<IDBPDatabase<Schema>> => {
  if (typeof indexedDB === 'undefined') throw unsupported()
  let missing = false
  try {
    return await openDB<Schema>(name, VERSION, {
      upgrade: (database, oldVersion, _version, transaction) => {
        if (oldVersion === 0 && !create) {
          // An aborted first upgrade leaves no database behind.
          missing = true
          transaction.done.catch(() => {})
          transaction.abort()
          return
        }
        for (const table of TABLES) {
          if (!database.objectStoreNames.contains(table)) {
            database.createObjectStore(table, { keyPath: INDEX_KEYS[table] })
          }
        }
      },
      blocking: (_current, version) => on.wanted(version),
      terminated: on.dropped,
    })
  } catch (error) {
    if (missing) throw new RockpoolError('not_found', 'This device has no such store. Open it in a page first.')
    throw openError(error)
  }
}

const wasDropped = (error: unknown): boolean =>
  error instanceof RockpoolError && error.cause instanceof DOMException && error.cause.name === 'AbortError'

const openError = (error: unknown): RockpoolError => {
  switch (error instanceof DOMException ? error.name : '') {
    case 'VersionError':
      return upgradedElsewhere()
    // Firefox, when storage is blocked or in old private windows.
    case 'InvalidStateError':
    case 'SecurityError':
      return unsupported(error)
    default:
      return diskError(error)
  }
}

const unsupported = (cause?: unknown) =>
  new RockpoolError(
    'unsupported',
    'This browser has no IndexedDB here, or blocks it. Allow this site to store data, or leave private mode.',
    { cause },
  )
const upgradedElsewhere = () =>
  new RockpoolError('superseded', 'A newer version of this app runs in another tab. Reload this page.')
const erasedElsewhere = () =>
  new RockpoolError('closed', 'This store was erased from this device in another tab. Reload this page.')
const closed = () => new RockpoolError('closed', 'The index was closed. Open the pool again.')
