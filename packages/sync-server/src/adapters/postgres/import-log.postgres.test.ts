import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import type { LogEvent } from '../../event-log/event.ts'
import type { SqlEventLog } from '../../event-log/sql-log.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { eventsAfter } from '../../testing/events.ts'
import { type SqliteLogs, sqliteLogs } from '../sqlite/index.ts'
import { postgresLogs, type PostgresLogs } from './index.ts'

const LIMITS = { limit: 10_000, maxBytes: 1e9 }
const ORIGIN = { sub: 'ada', at: 7 }
const CAUSE = { by: 'root', reason: 'A test.', at: 9 }
const FILE = { id: 'reef', name: 'reef.jpg', type: 'image/png', size: 1, remoteKey: 'shop/files/a', meta: {}, at: 1 }

let database: TestDatabase
let from: SqliteLogs
let to: PostgresLogs
let source: SqlEventLog
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-import-'))
  database = await createDatabase()
  from = await sqliteLogs({ directory: folder })
  to = await postgresLogs({ url: database.url })
  source = await from.open('shop')
  return async () => {
    await to.close()
    await from.close()
    await database[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  }
})

const append = async (log: SqlEventLog, ...values: string[]) => {
  const head = await log.head()
  return log.append(head, eventsAfter(head, ...values), ORIGIN)
}
const added = (seqNum: number): LogEvent => ({
  ...{ name: 'v2.FileAdded', argsJson: JSON.stringify({ ...FILE, opId: 'add' }), seqNum },
  ...{ clientId: 'c', sessionId: 's' },
})

it('keeps id, numbers, authors, times, redactions and files of a log', { timeout: 180_000 }, async () => {
  await append(source, ...Array.from({ length: 2_500 }, (_, index) => `"${index}" \\ ü`))
  await source.append(2_500, [added(2_501)], ORIGIN)
  await source.redact(2_501, CAUSE)
  await source.append(
    await source.head(),
    [{ ...added((await source.head()) + 1), argsJson: undefined, name: 'x' }],
    ORIGIN,
  )
  expect(await to.importLog('shop', source)).toBe(true)

  const log = await to.open('shop')
  expect(log.backendId).toBe(source.backendId)
  expect((await log.read(0, LIMITS)).events).toEqual((await source.read(0, LIMITS)).events)
  expect(await log.redactions()).toEqual(await source.redactions())
  expect(await log.readModel.file('reef')).toEqual(await source.readModel.file('reef'))
  const head = await log.head()
  const usages: unknown[] = []
  const isRedacted: boolean[] = []
  const check = (_: number, usage: unknown, isBack: (event: LogEvent) => boolean) => {
    usages.push(usage)
    isRedacted.push(isBack(added(head + 1)))
    return 1
  }
  for (const each of [source, log]) await each.append(head, [added(head + 1)], { ...ORIGIN, check })
  expect(usages[1]).toEqual(usages[0])
  expect(isRedacted).toEqual([true, true])
})

it('copies a log once, and refuses another one or another state of it', async () => {
  await append(source, 'a', 'b')
  expect([await to.importLog('shop', source), await to.importLog('shop', source)]).toEqual([true, false])
  await append(source, 'c')
  await expect(to.importLog('shop', source)).rejects.toMatchObject({ code: 'conflict' })
  const log = await to.open('shop')
  await append(log, 'other', 'more')
  await expect(to.importLog('shop', source)).rejects.toMatchObject({ code: 'conflict' })
  expect(await to.importLog('empty', await from.open('empty'))).toBe(true)
  await to.open('lagoon')
  await expect(to.importLog('lagoon', await from.open('lagoon'))).rejects.toMatchObject({ code: 'conflict' })
})

it('counts a log that went on in Postgres, or was redacted there, as copied before', async () => {
  await append(source, 'a', 'b')
  await to.importLog('shop', source)
  const log = await to.open('shop')
  await append(log, 'c')
  expect(await to.importLog('shop', source)).toBe(false)
  await log.redact(2, CAUSE)
  expect(await to.importLog('shop', source)).toBe(false)
})
