import type { Store } from '@livestore/livestore'
import {
  applyEvent,
  type FileRecord,
  type FileVersion,
  type PoolEvent,
  type RecordChange,
  type RemoteContent,
} from '@rockpool/core'
import { decodeEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openClient, type schema, until } from '../testing/clients.ts'
import { anyEvents, brokenEvent, renameKeys } from '../testing/any-events.ts'
import { toLiveStoreEvent } from './events.ts'
import { rockpoolTables } from './tables.ts'

let store: Store<typeof schema>
beforeAll(async () => {
  store = await openClient({ storeId: 'shop', clientId: 'a' })
})
afterAll(() => store.shutdownPromise())

/** Each run has ids of its own, so that one store serves them all. */
let runs = 0
const nextRun = () => `run${++runs}-`

const commit = (events: readonly { readonly name: string; readonly args: unknown }[]) =>
  events.length > 0 && store.commit(...(events as never[]))

/** LiveStore runs each materializer a second time, in its leader. Rejects when that has stopped the store. */
const reachedLeader = () => until(() => store.syncStatus().isSynced)

describe('materializers', { timeout: 180_000 }, () => {
  it('do what the rule book says, whatever the order of events, and duplicates change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, fc.infiniteStream(fc.nat()), async (events, places) => {
        const run = nextRun()
        const own = events.map((event) => renameKeys(event, run))
        const expected = replay(own)
        commit(withDuplicates(own, places).map(toLiveStoreEvent))
        expect(contentOf(run)).toEqual(expected)
        await reachedLeader()
      }),
      { numRuns: 40, endOnFailure: true },
    )
  })

  it('leave events alone that they cannot read, and never stop', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(brokenEvent, { minLength: 1, maxLength: 20 }), async (events) => {
        const before = countRows()
        commit(events)
        expect(countRows()).toEqual(before)
        await reachedLeader()
      }),
      { numRuns: 40, endOnFailure: true },
    )
  })

  it('take metadata with keys that every object has, which LiveStore alone would not get over', async () => {
    const run = nextRun()
    const events = ['valueOf', 'toString', 'constructor'].map((key) =>
      renameKeys(
        { ...ADDED, opId: key, args: { ...ADDED.args, id: key, meta: { [key]: { [key]: 1 } } } } as PoolEvent,
        run,
      ),
    )
    commit(events.map(toLiveStoreEvent))
    await reachedLeader()
    expect(contentOf(run).files).toEqual(replay(events).files)
  })

  it('take an event with fields that a newer client added, and keep those in the log', async () => {
    const run = nextRun()
    const added = renameKeys(ADDED, run)
    const { name, args } = toLiveStoreEvent(added)
    commit([{ name, args: { ...args, colour: 'red' } }])
    expect(contentOf(run).files).toEqual(replay([added]).files)
    const { session, leader } = await store._dev.syncStates()
    const logged = [...session.pending, ...leader.pending].find((event) => event.args?.opId === added.opId)
    expect(logged?.args).toMatchObject({ colour: 'red' })
  })
})

const KEY = `shop/files/${'a'.repeat(64)}` as RemoteKey
const ADDED: PoolEvent = {
  name: 'v2.FileAdded',
  opId: 'op',
  args: { id: 'file', name: 'reef.jpg', type: 'image/jpeg', size: 3, remoteKey: KEY, meta: {}, at: 1 },
}

describe('decodeEvent', () => {
  const good = { ...ADDED.args, opId: 'op' }
  it.each([
    ['all as it should be', good, true],
    ['an extra field', { ...good, more: 1 }, true],
    ['no args', undefined, false],
    ['null', null, false],
    ['an array', [], false],
    ['no opId', { ...good, opId: undefined }, false],
    ['an empty opId', { ...good, opId: '' }, false],
    ['an opId that is a number', { ...good, opId: 1 }, false],
    ['an empty id', { ...good, id: '' }, false],
    ['a size below 0', { ...good, size: -1 }, false],
    ['a size with a fraction: STRICT tables would throw', { ...good, size: 1.5 }, false],
    ['a size past 2^53', { ...good, size: 2 ** 53 }, false],
    ['a time with a fraction', { ...good, at: 1.5 }, false],
    ['meta that is a list', { ...good, meta: [] }, false],
    ['meta that is null', { ...good, meta: null }, false],
    ['a name that is no text', { ...good, name: {} }, false],
  ])('%s', (_, args, accepted) => {
    expect(decodeEvent('v2.FileAdded', args)).toEqual(accepted ? ADDED : undefined)
  })

  it('takes an etag of null as none', () => {
    const event = decodeEvent('v2.ContentStored', { opId: 'op', remoteKey: KEY, etag: null })
    expect(event).toEqual({ name: 'v2.ContentStored', opId: 'op', args: { remoteKey: KEY } })
  })
})

/** A second copy of some events, each at some later place. */
const withDuplicates = (events: readonly PoolEvent[], places: Iterable<number>): readonly PoolEvent[] => {
  const result = [...events]
  const random = places[Symbol.iterator]()
  for (const event of events) {
    const at = result.indexOf(event)
    if (random.next().value! % 2 === 0) result.splice(at + 1 + (random.next().value! % (result.length - at)), 0, event)
  }
  return result
}

interface Contents {
  readonly files: readonly FileRecord[]
  readonly versions: readonly FileVersion[]
  readonly remoteContents: readonly RemoteContent[]
  readonly operations: readonly { readonly opId: string; readonly subject: string }[]
}

/** The rule book alone, over maps. */
const replay = (events: readonly PoolEvent[]): Contents => {
  const tables = { files: new Map(), versions: new Map(), remoteContents: new Map(), operations: new Map() }
  const keyOf = ({ table, row }: RecordChange) =>
    table === 'operations' ? row.opId : table === 'remoteContents' ? row.remoteKey : row.id
  for (const event of events) {
    const changes = applyEvent(
      {
        applied: (opId) => tables.operations.has(opId),
        file: (id) => tables.files.get(id),
        version: (id) => tables.versions.get(id),
        remoteContent: (key) => tables.remoteContents.get(key),
      },
      event,
    )
    for (const change of changes) tables[change.table].set(keyOf(change), change.row)
  }
  const rows = (table: keyof typeof tables) => [...tables[table].values()]
  return {
    files: byKey(rows('files')),
    versions: byKey(rows('versions')),
    remoteContents: byKey(rows('remoteContents')),
    operations: rows('operations'),
  }
}

/** The tables' rows of one run, through LiveStore's query builder and column schemas, as an app reads them. */
const contentOf = (run: string): Contents => {
  const { rockpoolFiles, rockpoolFileVersions, rockpoolRemoteContents, rockpoolAppliedOperations } = rockpoolTables
  return {
    files: byKey(
      store
        .query(rockpoolFiles.where('id', 'LIKE', `${run}%`))
        .map(({ owner, path, remoteUrl, ...file }) =>
          Object.assign(
            file,
            owner !== null && { owner },
            path !== null && { path },
            remoteUrl !== null && { remoteUrl },
          ),
        ),
    ),
    versions: byKey(store.query(rockpoolFileVersions.where('id', 'LIKE', `${run}%`))),
    remoteContents: byKey(store.query(rockpoolRemoteContents).filter(({ remoteKey }) => remoteKey.startsWith(run))),
    operations: store
      .query(rockpoolAppliedOperations.where('opId', 'LIKE', `${run}%`).orderBy('seq', 'asc'))
      .map(({ opId, subject }) => ({ opId, subject })),
  }
}

const byKey = <Row extends object>(rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => (JSON.stringify(Object.values(a)[0]) < JSON.stringify(Object.values(b)[0]) ? -1 : 1))

const countRows = () => Object.values(rockpoolTables).map((table) => store.query(table.count()))
