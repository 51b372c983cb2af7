/** The app's LiveStore schema: Rockpool's events and tables beside one's own. The gallery has none of its own. */
import { type LiveStoreSchema, makeSchema, State } from '@livestore/livestore'
import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'

export const schema: LiveStoreSchema = makeSchema({
  events: { ...rockpoolEvents },
  state: State.SQLite.makeState({ tables: { ...rockpoolTables }, materializers: { ...rockpoolMaterializers } }),
})
