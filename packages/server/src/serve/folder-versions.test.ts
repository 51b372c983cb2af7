/** Data folders of other versions, under the real process. */
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { bytesOf } from '../testing/content.ts'
import { endAll, runServer } from '../testing/process.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rockpool-version-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))
afterAll(endAll)

const run = () =>
  runServer(['serve'], {
    env: { ROCKPOOL_DATA_DIR: dataDir, ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0' },
    cwd: dataDir,
  })
const start = async () => {
  const server = run()
  const url = await server.url
  const client = createClient(() => url, 'reef', await tokenOf({ reef: ['read', 'write'] }))
  const stop = async () => {
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
  }
  return { client, lines: server.lines, stop }
}

/** Changes a database of the folder while no server runs. */
const change = (path: string, sql: string) => {
  const database = new DatabaseSync(join(dataDir, path))
  database.exec(sql)
  database.close()
}

/** A folder with one small content and one event. @returns the content's key */
const fill = async (): Promise<string> => {
  const { client, stop } = await start()
  const key = await client.put(bytesOf(1_000, 1))
  await client.push('v1.NoteCreated', { id: 'a' })
  await stop()
  return key
}

test('a folder of the first version is migrated: its content is served, and verified as whole', async () => {
  const key = await fill()
  change(
    'store/index.sqlite',
    'ALTER TABLE parts DROP COLUMN length; DROP TABLE removals; DROP TABLE facts; PRAGMA user_version = 1',
  )
  // Then files had no trailer, and folders no generation.
  await rm(join(dataDir, 'store/generation'))
  for (const entry of await readdir(join(dataDir, 'store/contents'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await truncate(join(entry.parentPath, entry.name), 1_000)
  }
  const { client, stop } = await start()
  expect(Buffer.compare(await client.get(key), bytesOf(1_000, 1))).toBe(0)
  const added = await client.put(bytesOf(2_000, 2))
  expect(await client.isStored(added)).toBe(true)
  await stop()
  const env = { ROCKPOOL_DATA_DIR: dataDir, ROCKPOOL_JWT_SECRET: TOKEN_SECRET }
  expect(await runServer(['verify'], { env, cwd: dataDir }).ended).toMatchObject({
    code: 0,
    output: '2 objects checked, 0 damaged.',
  })
})

test('a folder of a newer version is refused in one line, and stays as it is', async () => {
  await fill()
  change('store/index.sqlite', 'PRAGMA user_version = 99')
  const before = await readFile(join(dataDir, 'store/index.sqlite'))
  const server = run()
  server.url.catch(() => {})
  expect(await server.ended).toMatchObject({
    code: 1,
    complaint: expect.stringMatching(/^rockpool-server: [^\n]*newer version of Rockpool\. Update it\.\n$/),
  })
  expect(Buffer.compare(await readFile(join(dataDir, 'store/index.sqlite')), before)).toBe(0)
})

test('an event log of a newer version is not served, and the log says why', async () => {
  await fill()
  change('events/reef.sqlite', 'PRAGMA user_version = 99')
  const { client, lines, stop } = await start()
  await expect(client.events()).rejects.toThrow('503')
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({
      level: 'error',
      kind: 'sync',
      error: expect.stringContaining('newer version of Rockpool'),
    }),
  )
  await stop()
})
