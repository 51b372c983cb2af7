import { makeSchema, State } from '@livestore/livestore'
import { createFileSyncSchema } from '@livestore-filesync/core/schema'

const { tables, events, createMaterializers } = createFileSyncSchema()

export { events, tables }
export const schema = makeSchema({
  events,
  state: State.SQLite.makeState({
    tables,
    materializers: State.SQLite.materializers(events, createMaterializers(tables)),
  }),
})
