/** The app's LiveStore schema: Rockpool's events and tables beside one's own. The gallery has none of its own. */
import { type LiveStoreSchema, makeSchema, State } from '@livestore/livestore'
import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'

const events = { ...rockpoolEvents }
const tables = { ...rockpoolTables }
const materializers = State.SQLite.materializers(events, { ...rockpoolMaterializers })

export const schema: LiveStoreSchema = makeSchema({ events, state: State.SQLite.makeState({ tables, materializers }) })
