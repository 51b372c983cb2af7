/** Whether an app's LiveStore schema has the tables, events and materializers of Rockpool, each as Rockpool defines it. */
import { RockpoolError } from '@rockpool/protocol'
import { rockpoolEvents } from './events.ts'
import { rockpoolMaterializers } from './materializers.ts'
import { rockpoolTables } from './tables.ts'

/** The part of a `LiveStoreSchema` that is checked. */
export interface CheckedSchema {
  readonly state: {
    readonly sqlite: { readonly tables: ReadonlyMap<string, unknown> }
    readonly materializers: ReadonlyMap<string, unknown>
  }
  readonly eventsDefsMap: ReadonlyMap<string, unknown>
  readonly unknownEventHandling: { readonly strategy: string }
}

/**
 * LiveStore accepts whatever a spread in `makeSchema` leaves over, and shuts the store down at the first event that needs
 * what is missing.
 *
 * @throws RockpoolError `unsupported` that names what is missing, replaced or dangerous, and what to do
 */
export const checkSchema = ({ state, eventsDefsMap, unknownEventHandling }: CheckedSchema): void => {
  if (unknownEventHandling.strategy === 'fail') throw failsOnUnknownEvents()
  const { tables } = state.sqlite
  for (const [key, table] of Object.entries(rockpoolTables)) {
    const { name } = table.sqliteDef
    if (!tables.has(name)) throw missing('table', name, { spread: 'rockpoolTables', into: 'tables', key })
    // SQLite ignores case in names: `create table if not exists` would find one table and skip the other.
    for (const [other, found] of tables) {
      if (other.toLowerCase() === name && found !== table) throw replaced('table', other)
    }
  }
  for (const [key, event] of Object.entries(rockpoolEvents)) {
    const found = eventsDefsMap.get(event.name)
    if (!found) throw missing('event', event.name, { spread: 'rockpoolEvents', into: 'events', key })
    if (found !== event) throw replaced('event', event.name)
  }
  for (const [name, materializer] of Object.entries(rockpoolMaterializers)) {
    const found = state.materializers.get(name)
    if (!found)
      throw missing('materializer', name, { spread: 'rockpoolMaterializers', into: 'materializers', key: name })
    if (found !== materializer) throw replaced('materializer', name)
  }
}

const failsOnUnknownEvents = () =>
  new RockpoolError(
    'unsupported',
    'With unknownEventHandling "fail", one event of a newer or hostile client shuts the LiveStore store down on every ' +
      `device, for good. Set unknownEventHandling: { strategy: 'ignore' } in makeSchema.`,
  )

type Part = 'table' | 'event' | 'materializer'

const missing = (
  part: Part,
  name: string,
  { spread, into, key }: { readonly spread: string; readonly into: string; readonly key: string },
) =>
  new RockpoolError(
    'unsupported',
    `The LiveStore schema lacks Rockpool's ${part} "${name}". ` +
      `Add "...${spread}" of @rockpool/livestore to its ${into}, and do not use the key "${key}" there yourself.`,
  )

const replaced = (part: Part, name: string) =>
  new RockpoolError(
    'unsupported',
    `The ${part} "${name}" of the LiveStore schema is not Rockpool's, which needs this name. Rename your own ${part}. ` +
      'If you have none, two copies of @rockpool/livestore are loaded: keep one.',
  )
