/** The gate and the read model beside the append they come with, and the read model beside bare SQLite on the same rows. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DEFAULT_BUCKETS, ownerOf } from '@rockpool/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { toSql } from '../../packages/sync-server/src/adapters/sqlite/log-file.ts'
import type { LogEvent } from '../../packages/sync-server/src/event-log/event.ts'
import { createRecentEvents } from '../../packages/sync-server/src/event-log/recent-events.ts'
import { sqlEventLog } from '../../packages/sync-server/src/event-log/sql-log.ts'
import { createTables } from '../../packages/sync-server/src/event-log/sql-schema.ts'
import { openSqlStore } from '../../packages/sync-server/src/event-log/sql-store.ts'
import type { Sql } from '../../packages/sync-server/src/event-log/sql.ts'
import type { FileQuery } from '../../packages/sync-server/src/read-model/file-query.ts'
import { judgePush } from '../../packages/sync-server/src/gate/judge-push.ts'

const PUSH = 100
const PUSHES = 200
const FILES = 100_000
const OWNERS = 50
const QUERIES = 1_000
const PAGE = 50

const hex = (index: number) => index.toString(16).padStart(8, '0')

/** The args of an event that adds a file, as the engine writes them. */
const fileArgs = (index: number) => ({
  opId: crypto.randomUUID(),
  id: crypto.randomUUID(),
  name: `photo ${index}.jpg`,
  type: 'image/jpeg',
  size: 1_000 + ((index * 7_919) % 1_000_000),
  remoteKey: `shop/files/${hex((index * 2_654_435_761) % 2 ** 32).repeat(8)}`,
  meta: '{"album":"reef","width":4000,"height":3000}',
  at: 1_700_000_000_000 + index * 1_000,
})

const batchAfter = (head: number, size: number, more: (index: number) => object = () => ({})) => {
  const args = Array.from({ length: size }, (_, index) => ({ ...fileArgs(head + index), ...more(head + index) }))
  const ids = { clientId: 'client', sessionId: 'session' }
  const events = args.map((each, index): LogEvent => {
    const seqNum = head + index + 1
    return { name: 'v2.FileAdded', argsJson: JSON.stringify(each), seqNum, ...ids }
  })
  return { args, events }
}

/** A database as the server opens it, and a log in it. */
const openLog = async ({ readModel }: { readonly readModel: boolean }) => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
  const database = new DatabaseSync(join(folder, 'log.sqlite'))
  onTestFinished(async () => {
    database.close()
    await rm(folder, { recursive: true, force: true })
  })
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const sql = toSql(database, 'The log')
  sql.transaction(() => createTables(sql, { storeId: 'shop', backendId: 'bench', createdAt: 0 }))
  const logOver = (over: Sql) => {
    const store = openSqlStore(over, { backendId: 'bench', recent: createRecentEvents(32 * 1024 * 1024)('shop') })
    onTestFinished(() => store.close())
    return sqlEventLog(
      () => store,
      async () => {},
    )
  }
  return { database, log: logOver(readModel ? sql : withoutReadModel(sql)), readable: logOver(sql) }
}

/** To an append it looks as if every event were applied. */
const withoutReadModel = (sql: Sql): Sql => ({
  ...sql,
  rows: (query, ...values) =>
    query.includes('FROM read_model') ? [{ applied: Infinity }] : sql.rows(query, ...values),
})

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!

const KINDS = ['alone', 'with the gate', 'with both'] as const
type Kind = (typeof KINDS)[number]

test(`append ${PUSHES} pushes of ${PUSH} files: with the gate and the read model, and alone`, async () => {
  const claims = { sub: 'ada', stores: { shop: ['read', 'write', 'delete'] } } as const
  const pusher = { claims, owner: await ownerOf('ada'), storeId: 'shop', buckets: DEFAULT_BUCKETS }

  const appendTo = async (kind: Kind) => {
    const { log, readable } = await openLog({ readModel: kind === 'with both' })
    const [times, cpus, groups]: [number[], number[], number[]] = [[], [], []]
    const cpuOf = async (work: () => Promise<void>) => {
      const before = process.cpuUsage()
      await work()
      const { user, system } = process.cpuUsage(before)
      cpus.push((user + system) / 1_000)
    }
    const append = async (head: number) => {
      const { args, events } = batchAfter(head, PUSH)
      await cpuOf(async () => {
        const start = performance.now()
        const judged = events.map((event, index) => ({ event, args: args[index], defect: undefined }))
        const check = (firstNew: number, usage: { readonly events: number; readonly bytes: number }) =>
          judgePush({ pusher }, judged, firstNew, usage).taken
        const result = await log.append(head, events, { sub: 'ada', at: 1, ...(kind !== 'alone' && { check }) })
        const stored = performance.now()
        times.push(stored - start)
        expect(result).toMatchObject({ kind: 'appended', taken: PUSH })
        // As between two requests: the background applies what waits.
        await new Promise((resolve) => void setTimeout(resolve, 0))
        groups.push(performance.now() - stored)
      })
    }
    /** Also what no push waited for. */
    const finish = () =>
      cpuOf(async () => {
        if (kind === 'with both') expect((await readable.readModel.usage()).files).toBe(PUSHES * PUSH)
      })
    return { append, finish, times, cpus, groups }
  }

  const logs = new Map<Kind, Awaited<ReturnType<typeof appendTo>>>()
  for (const kind of KINDS) logs.set(kind, await appendTo(kind))
  // Side by side, so that whatever else this machine does slows all of them.
  for (let head = 0; head < PUSHES * PUSH; head += PUSH) for (const log of logs.values()) await log.append(head)
  for (const log of logs.values()) await log.finish()

  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const figures = {
    median: (kind: Kind) => percentile(logs.get(kind)!.times, 0.5),
    mean: (kind: Kind) => sum(logs.get(kind)!.times) / PUSHES,
    cpu: (kind: Kind) => sum(logs.get(kind)!.cpus) / PUSHES,
  }
  for (const [figure, of] of Object.entries(figures)) {
    const ratios = (['with the gate', 'with both'] as const).map(
      (kind) => `${kind} ${of(kind).toFixed(2)} ms = ${(of(kind) / of('alone')).toFixed(2)}`,
    )
    console.log(`append of ${PUSH} files, ${figure}: alone ${of('alone').toFixed(2)} ms, ${ratios.join(', ')}`)
  }
  console.log(`the longest group in the background takes ${Math.max(...logs.get('with both')!.groups).toFixed(0)} ms`)
})

test(`rebuild in time proportional to the events, and queries of ${FILES} files beside bare SQLite`, async () => {
  const { database, log, readable } = await openLog({ readModel: false })
  const rebuildTimes: string[] = []
  for (let head = 0; head < FILES;) {
    const owner = `user-${(head / 1_000) % OWNERS}`
    const withPath = (index: number) => ({ path: `day ${index % 1_000}/photo ${index}.jpg` })
    await log.append(head, batchAfter(head, 1_000, withPath).events, { sub: owner, at: 1 })
    head += 1_000
    if (![FILES / 4, FILES / 2, FILES].includes(head)) continue
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    await readable.readModel.rebuild()
    const { user, system } = process.cpuUsage(cpu)
    const perEvent = [(performance.now() - start) * 1_000, user + system].map((us) => (us / head).toFixed(1))
    rebuildTimes.push(`${head} events ${perEvent.join(' µs, cpu ')} µs each`)
  }
  console.log(`rebuild: ${rebuildTimes.join('; ')}`)

  const select = (where: string) =>
    database.prepare(
      `SELECT * FROM files WHERE deletedAt IS NULL AND ${where} ORDER BY createdAt DESC, seqNum DESC LIMIT ${PAGE + 1}`,
    )
  const compare = async (
    what: string,
    toQuery: (query: number) => FileQuery,
    bareRows: (query: number) => unknown[],
  ) => {
    const [ours, raw]: [number[], number[]] = [[], []]
    for (let query = 0; query < QUERIES; query++) {
      let start = performance.now()
      const { files } = await readable.readModel.files({ ...toQuery(query), limit: PAGE })
      ours.push(performance.now() - start)
      start = performance.now()
      const rows = bareRows(query)
      raw.push(performance.now() - start)
      expect(files.length).toBe(Math.min(rows.length, PAGE))
    }
    const [p99, bareP99, median, bareMedian] = [0.99, 0.5].flatMap((share) =>
      [ours, raw].map((each) => percentile(each, share)),
    )
    console.log(
      `${FILES} files, a page by ${what}: p99 ${p99!.toFixed(2)} ms, bare SQLite ${bareP99!.toFixed(2)} ms, ` +
        `ratio ${(p99! / bareP99!).toFixed(2)}; median ${median!.toFixed(2)} ms, bare ${bareMedian!.toFixed(2)} ms, ratio ${(median! / bareMedian!).toFixed(2)}`,
    )
  }

  const ownerOfQuery = (query: number) => `user-${query % OWNERS}`
  const sizeOf = (query: number) => {
    const min = 1_000 + ((query * 104_729) % 900_000)
    return { min, max: min + 100_000 }
  }
  const byOwner = select('ownerId = ? AND bucket = ? AND size BETWEEN ? AND ?')
  await compare(
    'owner, bucket and size',
    (query) => ({ ownerId: ownerOfQuery(query), bucket: 'files', size: sizeOf(query) }),
    (query) => byOwner.all(ownerOfQuery(query), 'files', sizeOf(query).min, sizeOf(query).max),
  )
  const byReader = select(`(bucket = 'files' OR bucket = 'inbox' AND ownerId = ?) AND size <= ?`)
  await compare(
    'reader and size, as REST lists objects',
    (query) => ({
      readableBy: { ownerId: ownerOfQuery(query), buckets: ['files'], ownBuckets: ['inbox'] },
      size: { max: sizeOf(query).max },
    }),
    (query) => byReader.all(ownerOfQuery(query), sizeOf(query).max),
  )
  const byPrefix = select('bucket = ? AND path >= ? AND path < ?')
  await compare(
    'what a path begins with',
    (query) => ({ bucket: 'files', pathPrefix: `day ${query}/` }),
    (query) => byPrefix.all('files', `day ${query}/`, `day ${query}0`),
  )
})
