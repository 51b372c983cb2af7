import { RockpoolError } from '@rockpool/protocol'
import { applySteps, type IndexRow, readsOf } from '../ports/apply-steps.ts'
import type { LocalIndex, IndexKey, IndexPage, IndexTable, IndexTables } from '../ports/local-index.ts'

/** What the handles (tabs) of one device share. */
export interface MemoryIndexStorage {
  tables: ReadonlyMap<string, IndexRow>
  readonly listeners: Set<(changed: readonly IndexKey[]) => void>
}

export const memoryIndexStorage = (): MemoryIndexStorage => ({ tables: new Map(), listeners: new Set() })

/** A LocalIndex in memory. Several on one `storage` are the tabs of one device. */
export const memoryIndex = (storage: MemoryIndexStorage = memoryIndexStorage()): LocalIndex => {
  const own = new Set<(changed: readonly IndexKey[]) => void>()
  let open = true
  const assertOpen = (): void => {
    if (!open) throw new RockpoolError('closed', 'This index was closed. Open the pool again.')
  }
  const close = async (): Promise<void> => {
    open = false
    for (const listener of own) storage.listeners.delete(listener)
  }

  /** Row ids of a table's page, by ascending key. */
  const idsOf = (table: IndexTable, { after = '', limit }: Partial<IndexPage> = {}): readonly string[] => {
    const first = rowId(table, after)
    const all = rowId(table, '')
    return [...storage.tables.keys()]
      .filter((id) => id.startsWith(all) && id > first)
      .toSorted()
      .slice(0, limit)
  }
  const read = (id: string): IndexRow | undefined => structuredClone(storage.tables.get(id))

  return {
    async get<T extends IndexTable>(table: T, key: string) {
      assertOpen()
      return read(rowId(table, key)) as IndexTables[T] | undefined
    },

    async getMany<T extends IndexTable>(table: T, keys: readonly string[]) {
      assertOpen()
      return keys.map((key) => read(rowId(table, key)) as IndexTables[T] | undefined)
    },

    async getAll<T extends IndexTable>(table: T, page?: IndexPage) {
      assertOpen()
      return idsOf(table, page).map((id) => read(id) as IndexTables[T])
    },

    async keys(table, page) {
      assertOpen()
      return idsOf(table, page).map((id) => id.slice(rowId(table, '').length))
    },

    async write(steps, { epoch } = {}) {
      assertOpen()
      const newest = (storage.tables.get(rowId('engine', 'engine')) as IndexTables['engine'] | undefined)?.epoch
      if (epoch !== undefined && newest !== undefined && newest > epoch) {
        throw new RockpoolError('superseded', 'Another tab leads this store now; it continues the work.')
      }
      const { keys, ranges } = readsOf(steps)
      const changed = applySteps(steps, {
        rows: keys.map(({ table, key }) => ({ table, key, row: read(rowId(table, key)) })),
        ranges: ranges.map((range) => ({ range, rows: idsOf(range.table, range).map((id) => read(id)!) })),
      })
      const tables = new Map(storage.tables)
      for (const { table, key, after } of changed) {
        if (after === undefined) tables.delete(rowId(table, key))
        else tables.set(rowId(table, key), structuredClone(after))
      }
      storage.tables = tables
      const named = changed.map(({ table, key }) => ({ table, key }))
      if (named.length > 0) for (const listener of [...storage.listeners]) listener(named)
      return named
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
