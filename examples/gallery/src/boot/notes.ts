/** An app's own event and table, for the end-to-end tests: they have to sync beside Rockpool's. */
import { Events, Schema, State } from '@livestore/livestore'

const noted = Events.synced({ name: 'v1.Noted', schema: Schema.Struct({ id: Schema.String }) })
const notes = State.SQLite.table({
  name: 'notes',
  columns: {
    id: State.SQLite.text({ primaryKey: true }),
    // A release whose tables differ, for the story of an update.
    ...(import.meta.env.VITE_RELEASE === 'next-tables' ? { pinned: State.SQLite.integer({ nullable: true }) } : {}),
  },
})

export const noteEvents = { noted }
export const noteTables = { notes }
export const noteMaterializers = State.SQLite.materializers(noteEvents, {
  'v1.Noted': ({ id }) => notes.insert({ id }).onConflict('id', 'ignore'),
})
