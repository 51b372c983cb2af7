import { makeSchema, queryDb, Schema, State } from '@livestore/livestore'
import type { PoolEvent } from '@rockpool/core'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, it, onTestFinished } from 'vitest'
import { liveStoreLog } from '../log/live-store-log.ts'
import { openClient } from '../testing/clients.ts'
import { rockpoolEvents } from './events.ts'
import { createFilesView } from './files-view.ts'
import { rockpoolMaterializers } from './materializers.ts'
import { rockpoolTables } from './tables.ts'

const files = State.SQLite.table({ name: 'files', columns: { id: State.SQLite.text({ primaryKey: true }) } })
const schemaWithOwnFiles = makeSchema({
  events: { ...rockpoolEvents },
  state: State.SQLite.makeState({
    tables: { ...rockpoolTables, files },
    materializers: { ...rockpoolMaterializers },
  }),
})

const added = (id: string): PoolEvent => ({
  name: 'v2.FileAdded',
  opId: `add ${id}`,
  args: {
    id,
    name: id,
    type: 'text/plain',
    size: 1,
    remoteKey: `shop/files/${'a'.repeat(64)}` as RemoteKey,
    meta: {},
    at: 1,
  },
})

it('has the live files, and its queries rerun when a file is added or deleted', async () => {
  const store = await openClient({ storeId: 'shop', clientId: 'a' })
  onTestFinished(() => store.shutdownPromise())
  const log = liveStoreLog({ store })
  createFilesView(store)
  createFilesView(store)
  const names: string[] = []
  const query = queryDb({
    query: "SELECT coalesce(group_concat(name), '') AS names FROM files",
    schema: Schema.Array(Schema.Struct({ names: Schema.String })),
  })
  store.subscribe(query, (rows) => names.push(rows[0]!.names))
  log.append([added('reef')])
  log.append([{ name: 'v2.FileDeleted', opId: 'delete reef', args: { id: 'reef', at: 2 } }])
  expect(names).toEqual(['', 'reef', ''])
})

it('does not hide an own table files', async () => {
  const store = await openClient({ storeId: 'shop', clientId: 'a', schema: schemaWithOwnFiles })
  onTestFinished(() => store.shutdownPromise())
  expect(() => createFilesView(store)).toThrow(
    expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('own table "files"') }),
  )
  // The two tables live beside each other.
  const log = liveStoreLog({ store })
  log.append([added('reef')])
  expect(log.file('reef')?.name).toBe('reef')
  expect(store.query(files.count())).toBe(0)
})
