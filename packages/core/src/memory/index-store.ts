import { RockpoolError } from '@rockpool/protocol'
import type { Index, IndexKey, IndexPage, IndexTable, IndexTables } from '../ports/index-port.ts'

type Row = IndexTables[IndexTable]

/** What the handles (tabs) of one device share. */
export interface MemoryIndexStorage {
  tables: ReadonlyMap<string, Row>
  readonly listeners: Set<(changed: readonly IndexKey[]) => void>
}

export const memoryIndexStorage = (): MemoryIndexStorage => ({ tables: new Map(), listeners: new Set() })

/** An Index in memory. Several on one `storage` are the tabs of one device. */
export const memoryIndex = (storage: MemoryIndexStorage = memoryIndexStorage()): Index => {
  const own = new Set<(changed: readonly IndexKey[]) => void>()
  let open = true
  const assertOpen = (): void => {
    if (!open) throw new RockpoolError('closed', 'This index was closed. Open the pool again.')
  }
  const close = async (): Promise<void> => {
    open = false
    for (const listener of own) storage.listeners.delete(listener)
  }

  return {
    async get<T extends IndexTable>(table: T, key: string) {
      assertOpen()
      return structuredClone(storage.tables.get(rowId(table, key))) as IndexTables[T] | undefined
    },

    async getMany<T extends IndexTable>(table: T, keys: readonly string[]) {
      assertOpen()
      return keys.map((key) => structuredClone(storage.tables.get(rowId(table, key))) as IndexTables[T] | undefined)
    },

    async getAll<T extends IndexTable>(table: T, { after = '', limit }: Partial<IndexPage> = {}) {
      assertOpen()
      const first = rowId(table, after)
      return [...storage.tables]
        .filter(([id]) => id.startsWith(rowId(table, '')) && id > first)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, row]) => structuredClone(row) as IndexTables[T])
    },

    async write(changes, { epoch } = {}) {
      assertOpen()
      const newest = (storage.tables.get(rowId('engine', 'engine')) as IndexTables['engine'] | undefined)?.epoch
      if (epoch !== undefined && newest !== undefined && newest > epoch) {
        throw new RockpoolError('superseded', 'Another tab leads this store now; it continues the work.')
      }
      const tables = new Map(storage.tables)
      for (const { table, key, change } of changes) {
        const id = rowId(table, key)
        const row = (change as (row: Row | undefined) => Row | undefined)(structuredClone(tables.get(id)))
        if (row === undefined) tables.delete(id)
        else tables.set(id, structuredClone(row))
      }
      storage.tables = tables
      const changed = changes.map(({ table, key }) => ({ table, key }))
      if (changed.length > 0) for (const listener of [...storage.listeners]) listener(changed)
    },

    subscribe(listener) {
      const once = (changed: readonly IndexKey[]) => listener(changed)
      own.add(once)
      storage.listeners.add(once)
      return () => {
        own.delete(once)
        storage.listeners.delete(once)
      }
    },

    close,

    async erase() {
      storage.tables = new Map()
      await close()
    },
  }
}

const rowId = (table: IndexTable, key: string): string => `${table}:${key}`
