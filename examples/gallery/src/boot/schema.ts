/** The app's LiveStore schema: Rockpool's events and tables, and the app's own. The gallery has its own only in end-to-end tests. */
import { type LiveStoreSchema, makeSchema, State } from '@livestore/livestore'
import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'
import { noteEvents, noteMaterializers, noteTables } from './notes.ts'

const own =
  import.meta.env.MODE === 'e2e'
    ? { events: noteEvents, tables: noteTables, materializers: noteMaterializers }
    : { events: {}, tables: {}, materializers: {} }

export const schema: LiveStoreSchema = makeSchema({
  events: { ...rockpoolEvents, ...own.events },
  unknownEventHandling: { strategy: 'ignore' },
  state: State.SQLite.makeState({
    tables: { ...rockpoolTables, ...own.tables },
    materializers: { ...rockpoolMaterializers, ...own.materializers },
  }),
})
