/** The commands of `rockpool-server` where the event logs are in Postgres. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { endAll, runServer } from '../../packages/server/src/testing/process.ts'
import { createDatabase, type TestDatabase } from '../../packages/sync-server/src/test-support/postgres-database.ts'

let folder: string
let database: TestDatabase
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-commands-'))
  database = await createDatabase()
})
afterAll(async () => {
  await endAll()
  await database[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const envOf = (data: string) => ({
  ROCKPOOL_DATA_DIR: join(folder, data),
  ROCKPOOL_EVENT_LOG: 'postgres',
  ROCKPOOL_POSTGRES_URL: database.url,
  ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
  PORT: '0',
})
const run = (data: string, ...args: string[]) => runServer(args, { cwd: folder, env: envOf(data) }).ended

it('work beside a running server, or say what to do instead', { timeout: 300_000 }, async () => {
  const server = runServer(['serve'], { cwd: folder, env: envOf('data') })
  const base = await server.url
  const client = createClient(() => base, 'shop', await tokenOf({ shop: ['read', 'write', 'delete'] }))
  const remoteKey = await client.put(bytesOf(10, 1))
  const file = { id: 'reef', name: 'reef.jpg', type: 'image/png', size: 10, remoteKey, meta: {}, at: 1 }
  await client.push('v2.FileAdded', { ...file, opId: 'add' })

  expect((await run('data', 'check-config')).output).toContain('event logs in postgres')
  expect((await run('data', 'check-config')).output).not.toContain(database.url)

  // The Postgres of the tests does not flush.
  const doctor = await run('data', 'doctor')
  expect(doctor.code).toBe(1)
  for (const line of [/ok +Postgres +version/, /fail +Postgres: fsync +off/, /ok +Postgres: notices/]) {
    expect(doctor.output).toMatch(line)
  }

  const gc = await run('data', 'gc', '--json')
  expect(JSON.parse(gc.output)).toMatchObject({ ok: true, stores: [{ storeId: 'shop' }] })
  expect((await run('data', 'verify', '--json')).code).toBe(0)

  const backup = await run('data', 'backup', 'backup')
  expect([backup.code, backup.complaint]).toEqual([0, expect.stringContaining('pg_dump')])
  expect(JSON.parse(await readFile(join(folder, 'backup/backup.json'), 'utf8'))).toMatchObject({
    eventLog: 'postgres',
    stores: [],
    bytes: { kind: 'copy' },
  })

  const correct = await run('data', 'correct', '--store', 'shop', '--event', '1', '--by', 'ada', '--reason', 'A test.')
  expect([correct.code, correct.output]).toEqual([0, expect.stringContaining('does nothing now')])
  expect((await client.events()).map(({ name }) => name)).toEqual(['v2.ContentLost', 'v2.FileDeleted'])

  const restored = await run('restored', 'restore', 'backup')
  expect([restored.code, restored.complaint]).toEqual([0, expect.stringContaining('pg_restore')])
  // Of another data folder, beside this server.
  expect(await run('restored', 'rebuild')).toMatchObject({ code: 0, output: expect.stringContaining('of 1 stores') })
  const locked = await run('data', 'rebuild')
  expect([locked.code, locked.complaint]).toEqual([1, expect.stringContaining('The data folder is in use')])

  const env = { ROCKPOOL_DATA_DIR: join(folder, 'local'), ROCKPOOL_JWT_SECRET: TOKEN_SECRET }
  const refused = await runServer(['restore', 'backup'], { cwd: folder, env }).ended
  expect([refused.code, refused.complaint]).toEqual([1, expect.stringContaining('Set it to postgres.')])

  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
})

it('refuse a data folder that has the logs which Postgres lacks', { timeout: 120_000 }, async () => {
  const { ROCKPOOL_EVENT_LOG: _, ROCKPOOL_POSTGRES_URL: __, ...env } = envOf('sqlite')
  const server = runServer(['serve'], { cwd: folder, env })
  const base = await server.url
  await createClient(() => base, 'shop', await tokenOf({ shop: ['read', 'write'] })).push('v1.NoteCreated', {})
  server.child.kill('SIGTERM')
  await server.ended
  const { code, complaint } = await run('sqlite', 'serve')
  expect([code, complaint]).toEqual([1, expect.stringContaining('rockpool-server move-logs')])
})
