/** Backups of a running server, restored elsewhere, under the real process. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type Client, createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { bytesOf } from '../testing/content.ts'
import { endAll, runServer } from '../testing/process.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rockpool-backup-'))
})
afterEach(() => rm(root, { recursive: true }))
afterAll(endAll)

const env = (data: string) => ({ ROCKPOOL_DATA_DIR: join(root, data), ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0' })
const run = (data: string, ...args: string[]) => runServer(args, { cwd: root, env: env(data) }).ended
const serve = async (data: string) => {
  const server = runServer(['serve'], { cwd: root, env: env(data) })
  const base = await server.url
  const clientOf = async (storeId: string) =>
    createClient(() => base, storeId, await tokenOf({ [storeId]: ['read', 'write', 'delete'] }))
  const stop = async () => {
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
  }
  return { base, clientOf, stop }
}
const note = (id: string) => ['v1.NoteCreated', { id }] as const

test('a backup of a server at work, restored to another folder, has what was acknowledged before it began', async () => {
  const server = await serve('data')
  const reef = await server.clientOf('reef')
  const shop = await server.clientOf('shop')
  const keys = [
    await reef.put(bytesOf(10, 1)),
    await reef.put(bytesOf(PART_SIZE + 9, 2)),
    await shop.put(bytesOf(20, 3)),
  ]
  for (const id of ['a', 'b', 'c']) await reef.push(...note(id))
  await shop.push(...note('d'))

  let isOver = false
  let count = 0
  const writer = (async (client: Client) => {
    while (!isOver) await client.push(...note(`meanwhile ${count++}`))
  })(reef)
  const backup = await run('data', 'backup', 'backup', '--json')
  isOver = true
  await writer
  expect([backup.code, JSON.parse(backup.output)]).toMatchObject([
    0,
    {
      ok: true,
      format: 1,
      stores: [{ storeId: 'reef' }, { storeId: 'shop', head: 1 }],
      bytes: { kind: 'copy' },
      failed: [],
    },
  ])
  await server.stop()

  const restored = await run('elsewhere', 'restore', 'backup')
  expect([restored.code, restored.output]).toEqual([0, expect.stringContaining('Restored 2 stores')])
  const second = await serve('elsewhere')
  const client = await second.clientOf('reef')
  for (const [index, key] of keys.slice(0, 2).entries()) {
    const size = index === 0 ? 10 : PART_SIZE + 9
    expect(Buffer.compare(await client.get(key), bytesOf(size, index + 1))).toBe(0)
  }
  const events = await client.events()
  expect(events.slice(0, 3).map(({ args }) => args.id)).toEqual(['a', 'b', 'c'])
  // No gap, whatever was pushed while it was copied.
  expect(events.map(({ seqNum }) => seqNum)).toEqual(events.map((_, index) => index + 1))
  expect(await (await second.clientOf('shop')).events()).toHaveLength(1)
  await second.stop()
  for (const folder of ['backup', 'elsewhere']) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      expect((await stat(join(entry.parentPath, entry.name))).mode & 0o077).toBe(0)
    }
  }
  // Shared links outlive the move.
  expect(await readFile(join(root, 'elsewhere/url-secret'), 'utf8')).toBe(
    await readFile(join(root, 'data/url-secret'), 'utf8'),
  )
})

test('a second backup into the same folder copies only what is new', async () => {
  const server = await serve('data')
  const client = await server.clientOf('reef')
  await client.put(bytesOf(10, 1))
  await client.push(...note('a'))
  expect((await run('data', 'backup', 'backup')).code).toBe(0)
  const key = await client.put(bytesOf(10, 2))
  await client.push(...note('b'))
  await server.stop()
  // While no server runs, the command opens the folder itself.
  const again = await run('data', 'backup', 'backup', '--json')
  expect(JSON.parse(again.output)).toMatchObject({ stores: [{ head: 2 }], bytes: { objects: 2 } })
  expect((await run('elsewhere', 'restore', 'backup')).code).toBe(0)
  const second = await serve('elsewhere')
  expect(await (await second.clientOf('reef')).get(key)).toHaveLength(10)
  await second.stop()
})

test('refuses a cursor of events from before the restore, also when the log has an event of that number again', async () => {
  const server = await serve('data')
  const client = await server.clientOf('reef')
  for (const id of ['a', 'b']) await client.push(...note(id))
  expect((await run('data', 'backup', 'backup')).code).toBe(0)
  await client.push(...note('lost'))
  const headers = { authorization: `Bearer ${await tokenOf({ reef: ['read'] })}` }
  const positionAt = async (base: string) => {
    const { body } = await fetch(`${base}/storage/v1/events`, { headers })
    const { value } = await body!.getReader().read()
    return /^id: (.+)$/m.exec(new TextDecoder().decode(value))![1]!
  }
  const cursor = await positionAt(server.base)
  await server.stop()
  expect((await run('elsewhere', 'restore', 'backup')).code).toBe(0)
  const second = await serve('elsewhere')
  for (const id of ['c', 'd']) await (await second.clientOf('reef')).push(...note(id))
  const continued = await fetch(`${second.base}/storage/v1/events?since=${cursor}`, { headers })
  expect([cursor.endsWith('.3'), continued.status]).toEqual([true, 409])
  await continued.body!.cancel()
  const own = await positionAt(second.base)
  const again = await fetch(`${second.base}/storage/v1/events?since=${own}`, { headers })
  expect([own.endsWith('.4'), again.status]).toEqual([true, 200])
  await again.body!.cancel()
  await second.stop()
})

test('damage is named: an object in the data folder, one in the backup', async () => {
  const server = await serve('data')
  const client = await server.clientOf('reef')
  const keys = [await client.put(bytesOf(1_000, 1)), await client.put(bytesOf(1_000, 2))]
  await client.push(...note('a'))
  await server.stop()
  await cp(join(root, 'data'), join(root, 'damaged'), { recursive: true })
  await corruptOne(join(root, 'damaged/store/contents'))
  expect(await run('data', 'verify')).toMatchObject({ code: 0, output: '2 objects checked, 0 damaged.' })
  const verified = await run('damaged', 'verify', '--json')
  expect([verified.code, JSON.parse(verified.output)]).toMatchObject([1, { damaged: [{ outcome: 'left' }] }])
  const backup = await run('damaged', 'backup', 'partial', '--json')
  expect([backup.code, JSON.parse(backup.output)]).toMatchObject([
    1,
    { ok: false, failed: [{ key: expect.any(String) }] },
  ])
  expect(keys).toContain(JSON.parse(backup.output).failed[0].key)

  expect((await run('data', 'backup', 'backup')).code).toBe(0)
  await corruptOne(join(root, 'backup/store/contents'))
  const restored = await run('elsewhere', 'restore', 'backup')
  expect([restored.code, restored.output]).toEqual([1, expect.stringContaining('1 objects could not be restored')])
})

test('refuses in one line', async () => {
  await mkdir(join(root, 'nothing'))
  await mkdir(join(root, 'newer'))
  await writeFile(join(root, 'newer/backup.json'), '{"format":2}')
  const server = await serve('data')
  await (await server.clientOf('reef')).push(...note('a'))
  const refused = async (message: string, data: string, ...args: string[]) => {
    const { code, complaint } = await run(data, ...args)
    expect([code, complaint]).toEqual([1, expect.stringContaining(message)])
    expect(complaint).toMatch(/^rockpool-server: [^\n]+\n$/)
  }
  await refused('outside of', 'data', 'backup', 'data/backup')
  await refused('Leave --reference out', 'data', 'backup', 'backup', '--reference')
  await refused('no whole backup', 'empty', 'restore', 'nothing')
  await refused('newer version', 'empty', 'restore', 'newer')
  expect((await run('data', 'backup', 'backup')).code).toBe(0)
  await refused('There are event logs', 'data', 'restore', 'backup')
  await server.stop()
})

test('correct finds and takes out an event while the server runs, and devices read another one in its place', async () => {
  const server = await serve('data')
  const client = await server.clientOf('reef')
  for (const id of ['a', 'poison', 'c']) await client.push(...note(id))
  expect(await run('data', 'correct', '--store', 'reef', '--find')).toMatchObject({
    code: 0,
    output: 'The server would take every event of this log today.',
  })
  const args = ['correct', '--store', 'reef', '--event', '2', '--by', 'ada', '--reason', 'It breaks the app.', '--json']
  const corrected = await run('data', ...args)
  expect([corrected.code, JSON.parse(corrected.output)]).toMatchObject([
    0,
    { ok: true, event: { seqNum: 2, sub: 'ada' } },
  ])
  expect((await client.events()).map(({ args }) => args.id)).toEqual(['a', undefined, 'c'])
  const missing = await run('data', ...args.with(4, '9'))
  expect([missing.code, missing.complaint]).toEqual([1, expect.stringContaining('The log has no event 9')])
  const unknown = await run('data', ...args.with(2, 'sea'))
  expect([unknown.code, unknown.complaint]).toEqual([1, expect.stringContaining('no store "sea" here. There is: reef')])
  const gc = await run('data', 'gc', '--json')
  expect([gc.code, JSON.parse(gc.output)]).toMatchObject([0, { ok: true, stores: [{ storeId: 'reef' }] }])
  await server.stop()
})

/** Changes a byte of one file of content. */
const corruptOne = async (contents: string): Promise<void> => {
  const entries = await readdir(contents, { recursive: true, withFileTypes: true })
  const entry = entries.find((each) => each.isFile())!
  const path = join(entry.parentPath, entry.name)
  const bytes = await readFile(path)
  bytes[500]! ^= 1
  await writeFile(path, bytes)
}
