import { applyEvent } from '../records/apply.ts'
import type { RecordChange, RecordEvent } from '../records/record-state.ts'
import type { FileRecord, FileVersion, RemoteContent } from '../records/record.ts'

type Tables = {
  readonly [T in RecordChange['table']]: Map<string, Extract<RecordChange, { readonly table: T }>['row']>
}

/** The records that one device has made of the events it knows. */
export interface Replica {
  readonly files: ReadonlyMap<string, FileRecord>
  /** in the order in which they came */
  readonly versions: ReadonlyMap<string, FileVersion>
  readonly remoteContents: ReadonlyMap<string, RemoteContent>
  /** subjects by opId */
  readonly operations: ReadonlyMap<string, { readonly subject: string }>
  /** @returns what takes the event back; those that came later must be taken back before */
  apply(event: RecordEvent): () => void
}

export const memoryReplica = (): Replica => {
  const tables: Tables = { files: new Map(), versions: new Map(), remoteContents: new Map(), operations: new Map() }
  const state = {
    applied: (opId: string) => tables.operations.has(opId),
    file: (id: string) => tables.files.get(id),
    version: (id: string) => tables.versions.get(id),
    remoteContent: (key: string) => tables.remoteContents.get(key),
  }
  return {
    ...tables,
    apply(event) {
      const undo = applyEvent(state, event).map((change) => {
        const table = tables[change.table] as Map<string, RecordChange['row']>
        const key = keyOf(change)
        const former = table.get(key)
        table.set(key, change.row)
        return () => void (former === undefined ? table.delete(key) : table.set(key, former))
      })
      return () => {
        for (const takeBack of undo.toReversed()) takeBack()
      }
    },
  }
}

const keyOf = (change: RecordChange): string => {
  switch (change.table) {
    case 'files':
    case 'versions':
      return change.row.id
    case 'remoteContents':
      return change.row.remoteKey
    case 'operations':
      return change.row.opId
  }
}
