import { type LiveStoreSchema, makeSchema, State } from '@livestore/livestore'
import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'

export const schema: LiveStoreSchema = makeSchema({
  events: rockpoolEvents,
  state: State.SQLite.makeState({ tables: rockpoolTables, materializers: rockpoolMaterializers }),
  unknownEventHandling: { strategy: 'ignore' },
})
