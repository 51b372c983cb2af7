import { migrateDb, type SqliteDb } from '@livestore/common'
import { configureConnection, Eventlog, LeaderThreadCtx, makeMaterializeEvent } from '@livestore/common/leader-thread'
import { LiveStoreEvent, SystemTables } from '@livestore/common/schema'
import { Events, makeSchema, Schema, State } from '@livestore/livestore'
import { loadSqlite3Wasm } from '@livestore/sqlite-wasm/load-wasm'
import { sqliteDbFactory } from '@livestore/sqlite-wasm/node'
import { FileSystem } from '@livestore/utils/effect'
import { Effect, Queue } from 'effect'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Event, renumber } from '../events.ts'
import { type EventNumber, nextNumber, type NumberedEvent } from '../numbers.ts'
import { applyChange, type Disk, eventsSince, isLevel, isLogged, makeDisk, readState } from '../simulation/disk.ts'
import { number, show } from '../simulation/notation.ts'
import { makeRandom, type Random } from '@rockpool/core/simulation'
import { configureDatabases, type Databases, openDatabases, StateBehindLog } from './databases.ts'
import { decideBackendEvents, decidePush } from './machine.ts'
import { rebuildStaleState } from './state-check.ts'

const args = Schema.Struct({ id: Schema.String })
const events = {
  made: Events.synced({ name: 'made', schema: args }),
  noted: Events.clientOnly({ name: 'noted', schema: args }),
}
const tables = {
  shown: State.SQLite.table({ name: 'shown', columns: { id: State.SQLite.text({ primaryKey: true }) } }),
}
const insert = ({ id }: { readonly id: string }) => tables.shown.insert({ id })
const state = State.SQLite.makeState({
  tables,
  materializers: State.SQLite.materializers(events, { made: insert, noted: insert }),
})
const schema = makeSchema({ events, state })

interface Subject {
  readonly databases: Databases
  readonly dbState: SqliteDb
  readonly dbEventlog: SqliteDb
  /** A leader starts with these databases. */
  readonly start: () => void
}

let makeSqliteDb: (options: { readonly _tag: 'in-memory' }) => Effect.Effect<SqliteDb, unknown>

beforeAll(async () => {
  const sqlite3 = await loadSqlite3Wasm()
  // Databases in memory need no files.
  const factory = Effect.provideService(sqliteDbFactory({ sqlite3 }), FileSystem.FileSystem, {} as never)
  makeSqliteDb = (await Effect.runPromise(factory as never)) as typeof makeSqliteDb
}, 60_000)

const open = async (): Promise<Subject> => {
  const memory = () => Effect.runPromise(makeSqliteDb({ _tag: 'in-memory' }))
  const [dbState, dbEventlog] = [await memory(), await memory()]
  const run = <A>(effect: Effect.Effect<A, unknown, never>): A => Effect.runSync(effect)
  run(configureConnection(dbState as never, { foreignKeys: true }) as never)
  run(migrateDb({ db: dbState, schema }) as never)
  run(Eventlog.initEventlogDb(dbEventlog) as never)
  const materializeEvent = run(makeMaterializeEvent({ schema, dbState, dbEventlog } as never) as never) as never
  const bootStatusQueue = run(Queue.unbounded())
  const context = { schema, dbState, dbEventlog, bootStatusQueue, materializeEvent }
  return {
    dbState,
    dbEventlog,
    databases: openDatabases({ dbState, dbEventlog, materializeEvent, runSync: run as never }),
    start: () =>
      run(Effect.scoped(Effect.provideService(rebuildStaleState, LeaderThreadCtx, context as never)) as never),
  }
}

const toEvent = (numbered: NumberedEvent): Event =>
  new LiveStoreEvent.Client.EncodedWithMeta(numbered as never, { disableValidation: true } as never)

const shownIds = ({ dbState }: Subject): string =>
  dbState
    .select<{ id: string }>('SELECT id FROM shown ORDER BY rowid')
    .map(({ id }) => id)
    .join(' ')

const places = ({ dbState }: Subject): string[] =>
  dbState
    .select<{ seqNumGlobal: number; seqNumClient: number }>(
      `SELECT seqNumGlobal, seqNumClient FROM ${SystemTables.SESSION_CHANGESET_META_TABLE}`,
    )
    .map(({ seqNumGlobal, seqNumClient }) => `${seqNumGlobal}.${seqNumClient}`)
    .sort()

/** The simulation's disk and the databases hold the same. */
const expectSame = (subject: Subject, disk: Disk) => {
  const { head, generation, backendHead, pending } = subject.databases.read()
  const model = readState(disk)
  expect({ head, generation, backendHead, pending: show(pending) }).toEqual({ ...model, pending: show(model.pending) })
  expect(shownIds(subject)).toBe(disk.state.map(({ args }) => (args as { id: string }).id).join(' '))
  expect(places(subject)).toEqual([...disk.undo].sort())
  const someEvents = [disk.log.at(-4), disk.log.at(-1)].filter((event) => event !== undefined)
  for (const seqNum of [...someEvents.map(({ seqNum }) => seqNum), number('0'), number("1''")]) {
    const [since, modelSince] = [subject.databases.since(seqNum), eventsSince(disk, seqNum)]
    expect(since && show(since)).toBe(modelSince && show(modelSince))
  }
}

interface Scene {
  readonly random: Random
  readonly backend: Event[]
  commits: number
}

const made = (scene: Scene, clientId: string, name: 'made' | 'noted', head: EventNumber): Event =>
  toEvent({
    name,
    args: { id: `${clientId}${scene.commits}` },
    clientId,
    sessionId: `${clientId}#page.${(scene.commits++).toString(36)}`,
    ...nextNumber(head, name === 'noted'),
  })

/** A change as the leader's machine decides it: of a push, or of events of the backend. */
const nextChange = (scene: Scene, databases: Databases) => {
  const { random, backend } = scene
  const current = databases.read()
  if (random.chance(0.5)) {
    const pushed = [made(scene, 'a', random.chance(0.3) ? 'noted' : 'made', current.head)]
    if (random.chance(0.5)) pushed.push(made(scene, 'a', 'made', pushed[0]!.seqNum))
    return decidePush(current, pushed, databases.isLogged, renumber)
  }
  const ours = current.pending.filter(({ seqNum }) => seqNum.client === 0).slice(0, random.int(0, 2))
  const isLevel = backend.length === current.backendHead
  for (const event of isLevel ? ours : []) backend.push(toEvent({ ...event, ...globalOnly(event) }))
  for (let count = random.int(0, 2); count > 0; count--) {
    backend.push(made(scene, 'b', 'made', { global: backend.length, client: 0, rebaseGeneration: 0 }))
  }
  return decideBackendEvents(current, backend.slice(current.backendHead), renumber)
}

const globalOnly = ({ seqNum: { global } }: Event) => ({
  seqNum: { global, client: 0, rebaseGeneration: 0 },
  parentSeqNum: { global: global - 1, client: 0, rebaseGeneration: 0 },
})

const CHANGES = 25

it('keeps statement journals in memory, in both databases', async () => {
  const { dbState, dbEventlog } = await open()
  configureDatabases({ dbState, dbEventlog })
  for (const database of [dbState, dbEventlog])
    expect(database.select('PRAGMA temp_store')).toEqual([{ temp_store: 2 }])
})

describe('the databases of a leader', () => {
  it.each([1, 2, 3])(
    'hold what the disk of the simulation holds, change after change (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const subject = await open()
      const scene: Scene = { random: makeRandom(seed), backend: [], commits: 0 }
      let disk = makeDisk()
      for (let index = 0; index < CHANGES; index++) {
        const decision = nextChange(scene, subject.databases)
        if (!('append' in decision)) continue
        const { rollback, append, state } = decision
        const change = { rollback, append, backendHead: state.backendHead }
        disk = applyChange(disk, change)
        subject.databases.write(change)
        expectSame(subject, disk)
      }
      for (const event of disk.log) expect(subject.databases.isLogged(toEvent(event))).toBe(true)
      const unknown = made(scene, 'a', 'made', number('0'))
      expect([subject.databases.isLogged(unknown), isLogged(disk, unknown)]).toEqual([false, false])
    },
  )

  it('are level again at the next start when a page ended between the two commits', { timeout: 60_000 }, async () => {
    const subject = await open()
    const scene: Scene = { random: makeRandom(6), backend: [], commits: 0 }
    let disk = makeDisk()
    const execute = subject.dbState.execute.bind(subject.dbState)
    let torn = 0
    for (let index = 0; index < CHANGES; index++) {
      const decision = nextChange(scene, subject.databases)
      if (!('append' in decision)) continue
      const { rollback, append, state } = decision
      const change = { rollback, append, backendHead: state.backendHead }
      const after = applyChange(disk, change)
      if (scene.random.chance(0.5)) {
        disk = after
        subject.databases.write(change)
      } else {
        subject.dbState.execute = ((statement: never, values: never) => {
          if ((statement as unknown) === 'COMMIT') throw new Error('The page ended.')
          execute(statement, values)
        }) as typeof execute
        expect(() => subject.databases.write(change)).toThrow(StateBehindLog)
        subject.dbState.execute = execute as never
        disk = { ...disk, log: after.log, backendHead: after.backendHead }
        if (!isLevel(disk)) torn++
        subject.start()
        disk = isLevel(disk)
          ? disk
          : {
              ...disk,
              state: disk.log,
              undo: new Set(disk.log.map(({ seqNum }) => `${seqNum.global}.${seqNum.client}`)),
            }
      }
      expectSame(subject, disk)
    }
    expect(torn).toBeGreaterThan(3)
  })

  it('hold nothing of a change that a materializer refuses', async () => {
    const subject = await open()
    const scene: Scene = { random: makeRandom(7), backend: [], commits: 0 }
    const first = made(scene, 'a', 'made', number('0'))
    subject.databases.write({ append: [first] })
    const twice = toEvent({ ...first, ...nextNumber(first.seqNum, false) })
    expect(() => subject.databases.write({ append: [made(scene, 'a', 'made', first.seqNum), twice] })).toThrow()
    expect(show(subject.databases.since(number('0'))!)).toBe('a01')
    expect(shownIds(subject)).toBe('a0')
  })
})
