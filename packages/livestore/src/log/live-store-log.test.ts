import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeSchema, State, StoreInternalsSymbol } from '@livestore/livestore'
import { SECRET, signToken } from '@rockpool/access/testing'
import { type RecordLog, syncStatus } from '@rockpool/core'
import { type DeviceName, type RecordLogFixture, recordLogRefusalSuite, recordLogSuite } from '@rockpool/core/testing'
import type { RemoteKey } from '@rockpool/protocol'
import { memoryLogs } from '@rockpool/sync-server'
import { type RunningSyncServer, startSyncServer } from '@rockpool/sync-server/node'
import { Effect, Exit } from 'effect'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { rockpoolEvents } from '../records/events.ts'
import { rockpoolMaterializers } from '../records/materializers.ts'
import { rockpoolTables } from '../records/tables.ts'
import { makeSync } from '../sync-client/make-sync.ts'
import { publishSyncStatus, watchSyncStatus } from '../sync-client/status-channel.ts'
import { cuttable, openClient, until } from '../testing/clients.ts'
import { listQuery, liveStoreLog } from './live-store-log.ts'

let server: RunningSyncServer
beforeAll(async () => {
  server = await startSyncServer({ secrets: [SECRET], logs: memoryLogs() })
})
afterAll(() => server.stop())

let stores = 0

const makeFixture = async (): Promise<RecordLogFixture> => {
  const storeId = `suite${++stores}`
  const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-log-'))
  const sync = makeSync({ url: server.url, token: () => signToken(storeId) })
  const line = { a: cuttable(sync), b: cuttable(sync) }
  const shutdowns = new Map<DeviceName, () => Promise<void>>()

  const open = async (device: DeviceName): Promise<RecordLog> => {
    const own = path.join(folder, device)
    const store = await openClient({ storeId, clientId: device, sync: line[device].connection, folder: own })
    shutdowns.set(device, () => store.shutdownPromise().catch(() => undefined))
    return liveStoreLog({ store, removeData: () => rm(own, { recursive: true }) })
  }

  return {
    storeId,
    open,
    async reopen(device) {
      await shutdowns.get(device)!()
      return open(device)
    },
    disconnect: async (device) => line[device].cut(),
    connect: async (device) => line[device].join(),
    async [Symbol.asyncDispose]() {
      for (const shutdown of shutdowns.values()) await shutdown()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

recordLogSuite('LiveStore, through the sync server', makeFixture)
recordLogRefusalSuite('LiveStore, through the sync server', makeFixture)

describe('cost', () => {
  const FILES = 1_000
  const KEY = (n: number) => `shop/files/${n.toString(16).padStart(64, '0')}` as RemoteKey

  it('of a change or a limited list is the same with 10 and with 1,000 files', async () => {
    const store = await openClient({ storeId: 'shop', clientId: 'a' })
    const log = liveStoreLog({ store })
    // The statements of each commit, counted: time depends on load.
    const { sqliteDbWrapper } = store[StoreInternalsSymbol]
    const statements: string[] = []
    const execute = sqliteDbWrapper.cachedExecute.bind(sqliteDbWrapper)
    sqliteDbWrapper.cachedExecute = (sql, ...rest) => {
      statements.push(sql)
      return execute(sql, ...rest)
    }
    const select = sqliteDbWrapper.cachedSelect.bind(sqliteDbWrapper)
    sqliteDbWrapper.cachedSelect = (sql, ...rest) => {
      statements.push(sql)
      return select(sql, ...rest)
    }
    const during = (work: () => void): readonly string[] => {
      statements.length = 0
      work()
      return [...statements]
    }
    const addMany = (from: number, to: number) =>
      log.append(
        Array.from({ length: to - from }, (_, i) => ({
          name: 'v2.FileAdded' as const,
          opId: `add ${from + i}`,
          args: {
            id: `f${from + i}`,
            name: 'x',
            type: 'image/png',
            size: 1,
            remoteKey: KEY(from + i),
            meta: {},
            at: from + i,
          },
        })),
      )
    const rename = (opId: string) =>
      during(() => log.append([{ name: 'v2.FileRenamed', opId, args: { id: 'f5', name: 'y', at: 1 } }]))

    const few = during(() => addMany(0, 10)).length
    const renameFew = rename('rename few')
    const many = during(() => addMany(10, FILES)).length
    expect(many / (FILES - 10)).toBeCloseTo(few / 10, 0)
    expect(rename('rename many')).toEqual(renameFew)

    // Every statement of a change, and every read of the log, goes through an index: no table is walked.
    const plan = (query: string) =>
      store
        .query<readonly { readonly detail: string }[]>({ query: `EXPLAIN QUERY PLAN ${query}`, bindValues: {} })
        .map(({ detail }) => detail)
        .join('; ')
    const reads = during(() => {
      log.list({ limit: 3 })
      log.list({ bucket: 'files', limit: 3 })
      log.file('f5')
      log.versions('f5')
      log.filesWithContent(KEY(5))
      log.filesWithVersion(KEY(5))
      log.remoteContent(KEY(5))
      log.applied('add 5')
      log.changes(undefined, 5)
    })
    for (const sql of [...renameFew, ...reads].filter((statement) => /^\s*(select|insert)/i.test(statement))) {
      expect(plan(sql)).not.toMatch(/SCAN (?!json_each)/)
      // the versions of one file are sorted; files come in order
      if (sql.includes('FROM rockpool_files')) expect(plan(sql)).not.toContain('TEMP B-TREE')
    }
    expect(plan(listQuery({ limit: 3 }).query)).toContain('INDEX rockpool_files_live ')
    expect(plan(listQuery({ limit: 3, bucket: 'files' }).query)).toContain('INDEX rockpool_files_live_by_bucket ')
    await store.shutdownPromise()
  })
})

describe('the store', () => {
  it('stays open when the log is closed, and is shut down when it is erased', async () => {
    const store = await openClient({ storeId: 'shop', clientId: 'a' })
    const log = liveStoreLog({ store })
    let calls = 0
    log.subscribe(() => calls++)
    await log.close()
    const event = { name: 'v2.FileDeleted', opId: 'op', args: { id: 'x', at: 1 } } as const
    log.append([event])
    expect(log.applied('op')).toBe(true)
    expect(calls).toBe(0)
    await log.erase()
    expect(() => log.append([event])).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => log.list({})).toThrow(expect.objectContaining({ code: 'closed' }))
    expect(() => log.subscribe(() => {})).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  it('says the state of sync until the log is closed', async () => {
    const store = await openClient({ storeId: 'status', clientId: 'a' })
    onTestFinished(() => store.shutdownPromise())
    const provider = publishSyncStatus('status')
    onTestFinished(provider.close)
    const log = liveStoreLog({ store })
    const codes: string[] = []
    log.sync?.subscribe(({ reason }) => codes.push(reason.code))
    expect(log.sync?.current.reason.code).toBe('connecting')
    provider.publish(syncStatus('forbidden', 'You may not read this store.'))
    await expect.poll(() => log.sync?.current.state).toBe('refused')

    // Another page of the same store hears what this one no longer does.
    const other = watchSyncStatus('status')
    onTestFinished(other.close)
    await log.close()
    provider.publish(syncStatus('connected', 'Connected.'))
    await expect.poll(() => other.current.reason.code).toBe('connected')
    expect(codes).toEqual(['forbidden'])
  })

  it('that LiveStore stops by itself takes no more events, and the state of sync says so', async () => {
    const store = await openClient({ storeId: 'stopped', clientId: 'a' })
    const log = liveStoreLog({ store })
    const provider = publishSyncStatus('stopped')
    onTestFinished(provider.close)
    const states: string[] = []
    log.sync?.subscribe(({ state, reason }) => states.push(`${state}: ${reason.code}`))
    await Effect.runPromise(store[StoreInternalsSymbol].clientSession.shutdown(Exit.die('the leader failed')))
    const event = { name: 'v2.FileDeleted', opId: 'op', args: { id: 'x', at: 1 } } as const
    expect(() => log.append([event])).toThrow(expect.objectContaining({ code: 'closed' }))
    provider.publish(syncStatus('connected', 'Connected.'))
    expect(log.sync?.current.reason.code).toBe('store_stopped')
    expect(states).toEqual(['stuck: store_stopped'])
  })

  it('is refused when its schema replaces a table of ours', async () => {
    const { rockpoolFiles: _, ...tables } = rockpoolTables
    const files = State.SQLite.table({
      name: 'rockpool_files',
      columns: { id: State.SQLite.text({ primaryKey: true }) },
    })
    const schema = makeSchema({
      events: rockpoolEvents,
      state: State.SQLite.makeState({ tables: { ...tables, files }, materializers: rockpoolMaterializers }),
    })
    const store = await openClient({ storeId: 'shop', clientId: 'a', schema })
    onTestFinished(() => store.shutdownPromise())
    expect(() => liveStoreLog({ store })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('"rockpool_files"') }),
    )
  })

  it('fails an append whose materializer fails, in a batch too', async () => {
    for (const size of [1, 2]) {
      const store = await openClient({ storeId: 'shop', clientId: 'a' })
      const log = liveStoreLog({ store })
      // A damaged database; our materializers do not fail by themselves.
      store[StoreInternalsSymbol].sqliteDbWrapper.cachedExecute('DROP TABLE rockpool_files', undefined, {
        hasNoEffects: true,
      })
      const events = Array.from({ length: size }, (_, i) => ({
        name: 'v2.FileDeleted' as const,
        opId: `op ${i}`,
        args: { id: 'x', at: 1 },
      }))
      expect(() => log.append(events)).toThrow(expect.objectContaining({ code: 'closed' }))
    }
  })

  it('rebuilds the records of a device whose tables have the former names', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-log-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const files = State.SQLite.table({
      name: 'files',
      columns: { id: State.SQLite.text({ primaryKey: true }), name: State.SQLite.text() },
    })
    const formerSchema = makeSchema({
      events: { fileAdded: rockpoolEvents.fileAdded },
      state: State.SQLite.makeState({
        tables: { files },
        materializers: { 'v2.FileAdded': (args) => files.insert({ id: args.id, name: args.name }) },
      }),
    })
    const former = await openClient({ storeId: 'shop', clientId: 'a', folder, schema: formerSchema })
    const remoteKey = `shop/files/${'a'.repeat(64)}` as RemoteKey
    former.commit(
      rockpoolEvents.fileAdded({
        ...{ opId: 'op', id: 'f', name: 'reef', type: 'image/png', size: 1, remoteKey, meta: {}, at: 1 },
      }),
    )
    expect(former.query(files.count())).toBe(1)
    await until(() => former.syncStatus().isSynced)
    await former.shutdownPromise()

    const store = await openClient({ storeId: 'shop', clientId: 'a', folder })
    onTestFinished(() => store.shutdownPromise())
    const log = liveStoreLog({ store })
    expect(log.file('f')?.name).toBe('reef')
    expect(log.applied('op')).toBe(true)
  })
})
