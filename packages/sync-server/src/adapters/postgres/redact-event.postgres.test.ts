/** A redaction by one server, as another one on the same database sees it. */
import postgres from 'postgres'
import { beforeEach, expect, it } from 'vitest'
import type { LogEvent } from '../../event-log/event.ts'
import type { SqlEventLog } from '../../event-log/sql-log.ts'
import { isInert } from '../../redact/redaction.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { added, toLogEvent } from '../../testing/file-events.ts'
import { postgresLogs } from './index.ts'

const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }
const CAUSE = { by: 'operator', reason: 'It broke every device.', at: 9_000 }
const POISON = { ...toLogEvent(added('poison')), seqNum: 1 }

let database: TestDatabase
let first: SqlEventLog
let second: SqlEventLog
const heard: number[] = []
beforeEach(async () => {
  database = await createDatabase()
  const servers = await Promise.all([1, 2].map(() => postgresLogs({ url: database.url })))
  ;[first, second] = (await Promise.all(servers.map((server) => server.open('shop')))) as [SqlEventLog, SqlEventLog]
  heard.length = 0
  servers[0]!.watch!({ appended: (_, since) => heard.push(since), resumed: () => {} })
  return async () => {
    for (const server of servers) await server.close()
    await database[Symbol.asyncDispose]()
  }
})

it('replaces the event that the other server has in memory, and reports to it', async () => {
  await first.append(0, [POISON], { sub: 'mallory', at: 1 })
  await second.redact(1, CAUSE)
  expect(isInert((await first.read(0, ALL)).events[0]!)).toBe(true)
  await expect.poll(() => heard).toEqual([1])
  expect(await first.redactions()).toMatchObject([{ original: POISON, ...CAUSE }])
})

it('does so also when nothing has to be undone: the head stays', async () => {
  const note = { ...POISON, name: 'v1.NoteCreated' }
  await first.append(0, [note], { sub: 'mallory', at: 1 })
  expect((await first.read(0, ALL)).events).toMatchObject([note])
  expect((await second.redact(1, CAUSE)).added).toEqual([])
  // By the redaction that it sees for the first time, and from then on.
  for (let read = 0; read < 2; read++) expect((await first.read(0, ALL)).events.map(isInert)).toEqual([true])
  await expect.poll(() => heard).toEqual([1])
})

it('is known to the check of a push that the other server takes', async () => {
  await first.append(0, [POISON], { sub: 'mallory', at: 1 })
  const { head } = await second.redact(1, CAUSE)
  const pushed = [POISON, toLogEvent(added('good'))].map((event, index): LogEvent =>
    Object.assign({}, event, { seqNum: head + 1 + index }),
  )
  const verdicts: boolean[] = []
  const check = (_: number, __: object, isRedacted: (event: LogEvent) => boolean) => {
    verdicts.push(...pushed.map(isRedacted))
    return 0
  }
  await first.append(head, pushed, { sub: 'mallory', at: 2, check })
  expect(verdicts).toEqual([true, false])
})

it('leaves nothing of the event in a read model that another server makes for the first time', async () => {
  await first.append(0, [POISON], { sub: 'mallory', at: 1 })
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const sql = postgres(database.url, { max: 1 })
  const holder = sql.begin(async (transaction) => {
    await transaction`LOCK TABLE rockpool.files IN ACCESS EXCLUSIVE MODE`
    locked.resolve()
    await released.promise
  })
  await locked.promise
  const waiting = async () =>
    (
      await database.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
    ).length
  const read = first.readModel.files()
  await expect.poll(waiting).toBe(1)
  const redaction = second.redact(1, CAUSE)
  await expect.poll(waiting).toBe(2)
  released.resolve()
  await Promise.all([holder, read, redaction])
  await sql.end()
  expect(await second.readModel.file('poison')).toBe(undefined)
})
