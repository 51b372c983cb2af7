import { type LiveStoreSchema, makeSchema, State } from '@livestore/livestore'
import { noteEvents, noteMaterializers, noteTables } from '../../../examples/gallery/src/boot/notes.ts'

export const schema: LiveStoreSchema = makeSchema({
  events: noteEvents,
  state: State.SQLite.makeState({ tables: noteTables, materializers: noteMaterializers }),
})
