import { Events, makeSchema, Schema, State } from '@livestore/livestore'
import { describe, expect, it } from 'vitest'
import { checkSchema } from './check-schema.ts'
import { rockpoolEvents } from './events.ts'
import { rockpoolMaterializers } from './materializers.ts'
import { rockpoolTables } from './tables.ts'

const { fileAdded: _fileAdded, ...otherEvents } = rockpoolEvents
const { rockpoolFiles, ...otherTables } = rockpoolTables
const { 'v2.FileAdded': _materializer, ...otherMaterializers } = rockpoolMaterializers

const ownTable = (name: string) =>
  State.SQLite.table({ name, columns: { id: State.SQLite.text({ primaryKey: true }) } })
const ownEvent = (name: string) => Events.synced({ name, schema: Schema.Struct({ id: Schema.String }) })

const schemaWith = ({
  tables = rockpoolTables,
  events = rockpoolEvents,
  materializers = rockpoolMaterializers,
  strategy = 'ignore',
}: {
  readonly tables?: object
  readonly events?: object
  readonly materializers?: object
  readonly strategy?: 'ignore' | 'warn' | 'fail'
}) =>
  makeSchema({
    unknownEventHandling: { strategy },
    events: events as typeof rockpoolEvents,
    state: State.SQLite.makeState({
      tables: tables as typeof rockpoolTables,
      materializers: materializers as typeof rockpoolMaterializers,
    }),
  })

describe('checkSchema', () => {
  it('accepts an app with its own tables files and file_versions, an own event and an own key', () => {
    const own = { files: ownTable('files'), versions: ownTable('file_versions') }
    const schema = schemaWith({
      tables: { ...rockpoolTables, ...own },
      events: { ...rockpoolEvents, albumAdded: ownEvent('v1.AlbumAdded') },
      materializers: { ...rockpoolMaterializers, 'v1.AlbumAdded': () => [] },
    })
    expect(() => checkSchema(schema)).not.toThrow()
  })

  it.each([
    ['no tables', { tables: {} }, /lacks Rockpool's table "rockpool_files"\. Add "\.\.\.rockpoolTables"/],
    [
      'an own table under a key of ours',
      { tables: { ...rockpoolTables, rockpoolFiles: ownTable('photos') } },
      /lacks Rockpool's table "rockpool_files".* do not use the key "rockpoolFiles"/,
    ],
    [
      'an own table with a name of ours',
      { tables: { ...otherTables, mine: ownTable('rockpool_files') } },
      /table "rockpool_files" .* is not Rockpool's.* Rename your own table/,
    ],
    [
      'an own table whose name differs in case only',
      { tables: { ...rockpoolTables, mine: ownTable('Rockpool_Files') } },
      /table "Rockpool_Files" .* is not Rockpool's/,
    ],
    ['no events', { events: {} }, /lacks Rockpool's event "v2\.FileAdded"\. Add "\.\.\.rockpoolEvents"/],
    [
      'an own event under a key of ours',
      { events: { ...rockpoolEvents, fileAdded: ownEvent('v1.FileAdded') } },
      /lacks Rockpool's event "v2\.FileAdded".* do not use the key "fileAdded"/,
    ],
    [
      'an own event with a name of ours',
      { events: { ...otherEvents, mine: ownEvent('v2.FileAdded') } },
      /event "v2\.FileAdded" .* is not Rockpool's/,
    ],
    [
      'no materializer of an event',
      { materializers: otherMaterializers },
      /lacks Rockpool's materializer "v2\.FileAdded"\. Add "\.\.\.rockpoolMaterializers"/,
    ],
    [
      'an own materializer of an event',
      { materializers: { ...rockpoolMaterializers, 'v2.FileAdded': () => [] } },
      /materializer "v2\.FileAdded" .* is not Rockpool's/,
    ],
  ])('refuses a schema with %s', (_, parts, message) => {
    const error = expect.objectContaining({ code: 'unsupported', message: expect.stringMatching(message) })
    expect(() => checkSchema(schemaWith(parts))).toThrow(error)
  })

  it('refuses a schema that an event with an unknown name shuts down', () => {
    expect(() => checkSchema(schemaWith({ strategy: 'warn' }))).not.toThrow()
    expect(() => checkSchema(schemaWith({ strategy: 'fail' }))).toThrow(/"fail".* Set unknownEventHandling/)
  })

  it('refuses a schema in which any one table is missing', () => {
    for (const key of Object.keys(rockpoolTables)) {
      const tables = Object.fromEntries(Object.entries(rockpoolTables).filter(([other]) => other !== key))
      expect(() => checkSchema(schemaWith({ tables }))).toThrow(/lacks Rockpool's table/)
    }
    expect(rockpoolFiles.sqliteDef.name).toBe('rockpool_files')
  })
})
