import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from './testing/client.ts'
import { endAll, runServer } from './testing/process.ts'

const REQUEST = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'
const RIGHTS = { reef: ['read', 'write', 'delete'] } as const
let root: string
let cwd: string
let runs = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'rockpool-server-'))
})
beforeEach(async () => {
  cwd = join(root, String(runs++))
  await mkdir(cwd)
})
afterAll(async () => {
  await endAll()
  await rm(root, { recursive: true })
})

const env = (more: Record<string, string> = {}) => ({
  ROCKPOOL_DATA_DIR: join(cwd, 'data'),
  ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
  PORT: '0',
  ...more,
})
const serve = async (args: string[] = [], more: Record<string, string> = {}) => {
  const server = runServer(['serve', ...args], { cwd, env: env(more) })
  return { ...server, base: await server.url }
}
const run = (args: string[], variables: Record<string, string> = env()) =>
  runServer(args, { cwd, env: variables }).ended
const bytesOf = (text: string) => new TextEncoder().encode(text)

/** Modes of all files and folders that others could read. */
const openToOthers = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))]
  const modes = await Promise.all(paths.map(async (path) => ({ path, mode: (await stat(path)).mode & 0o077 })))
  return modes.filter(({ mode }) => mode !== 0).map(({ path }) => path)
}

test('from nothing: init, serve, token; files and events are there after a restart', async () => {
  const variables = { PORT: '0' }
  expect(await run(['serve'], {})).toMatchObject({
    code: 1,
    complaint: expect.stringContaining('rockpool-server init'),
  })
  expect(await run(['init'], {})).toMatchObject({ code: 0, output: expect.stringContaining('rockpool.yaml') })
  const before = await readFile(join(cwd, 'rockpool.yaml'), 'utf8')
  expect(await run(['init'], {})).toMatchObject({ code: 0 })
  expect(await readFile(join(cwd, 'rockpool.yaml'), 'utf8')).toBe(before)

  const { output: token } = await run(['token', '--user', 'ada', '--store', 'reef'], {})
  const first = runServer(['serve'], { cwd, env: variables })
  let base = await first.url
  const client = createClient(() => base, 'reef', token.trim())
  const key = await client.put(bytesOf('a reef'))
  await client.push('v1.NoteCreated', { text: 'hello' })
  expect(await openToOthers(join(cwd, 'rockpool-data'))).toEqual([])
  first.child.kill('SIGTERM')
  expect(await first.ended).toMatchObject({ code: 0, complaint: expect.stringContaining('waits for the calls') })

  const second = runServer(['serve'], { cwd, env: variables })
  base = await second.url
  expect(new TextDecoder().decode(await client.get(key))).toBe('a reef')
  expect((await client.events()).map(({ name, args }) => [name, args])).toEqual([['v1.NoteCreated', { text: 'hello' }]])
  expect(await openToOthers(join(cwd, 'rockpool-data'))).toEqual([])
  second.child.kill('SIGINT')
  expect((await second.ended).code).toBe(0)
})

test('a token has the right admin only when the command names it', async () => {
  const tokenWith = async (store: string) => (await run(['token', '--user', 'ada', '--store', store])).output.trim()
  const server = await serve()
  const createBucket = async (store: string) => {
    const headers = { authorization: `Bearer ${await tokenWith(store)}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'inbox', policy: 'private' })
    return (await fetch(`${server.base}/storage/v1/bucket`, { method: 'POST', headers, body })).status
  }
  expect(await createBucket('reef')).toBe(403)
  expect(await createBucket('reef:read,admin')).toBe(201)
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
})

test('a token of a request reaches the artifacts of this request, and no store', async () => {
  const { output } = await run(['token', '--user', 'render-farm', '--request', `${REQUEST}:read,write`])
  const server = await serve()
  const headers = { authorization: `Bearer ${output.trim()}` }
  const url = `${server.base}/signer/artifacts/requests/${REQUEST}/input/note.txt`
  const sha256 = createHash('sha256').update('a reef').digest('hex')
  const put = { method: 'PUT', body: 'a reef', headers: { ...headers, 'x-amz-content-sha256': sha256 } }
  expect((await fetch(url, put)).status).toBe(200)
  expect(await (await fetch(url, { headers })).text()).toBe('a reef')
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(403)
  expect((await fetch(`${server.base}/sync/reef/head`, { headers })).ok).toBe(false)
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
})

test('logs one JSON line for each call, without tokens and signatures', async () => {
  const server = await serve()
  const client = createClient(() => server.base, 'reef', await tokenOf(RIGHTS))
  await client.get(await client.put(bytesOf('logged')))
  server.child.kill('SIGTERM')
  const { output } = await server.ended
  const lines = output.split('\n').map((line) => JSON.parse(line) as { kind: string; route: string; status: number })
  expect(lines.filter(({ kind }) => kind === 'request').map(({ route, status }) => [route, status])).toEqual([
    ['/signer/upload-url', 200],
    ['/signer/objects/*', 200],
    ['/signer/download-url', 200],
    ['/signer/objects/*', 200],
  ])
  expect(output).not.toMatch(/eyJ|signature=/)
})

test('one folder, one server; the commands that need it say so', async () => {
  const server = await serve()
  const second = await run(['serve'])
  expect([second.code, second.complaint]).toEqual([1, expect.stringMatching(/in use by another process\. [^\n]+\n$/)])
  const port = new URL(server.base).port
  const taken = await run(['serve'], env({ PORT: port, ROCKPOOL_DATA_DIR: join(cwd, 'other') }))
  expect([taken.code, taken.complaint]).toEqual([
    1,
    `rockpool-server: Port ${port} on 127.0.0.1 is in use. Set server.port (PORT) to another one.\n`,
  ])
  server.child.kill('SIGTERM')
  await server.ended
})

test('serves a built app, never a folder with the data', async () => {
  const dist = join(cwd, 'dist')
  await mkdir(dist)
  await writeFile(join(dist, 'index.html'), '<!doctype html>')
  const server = await serve(['--static', 'dist'])
  expect(await (await fetch(server.base)).text()).toBe('<!doctype html>')
  expect(await (await fetch(`${server.base}/health`)).json()).toMatchObject({ ok: true, state: 'running' })
  server.child.kill('SIGTERM')
  await server.ended
  expect(await run(['serve', '--static', '.'])).toMatchObject({
    code: 2,
    complaint: expect.stringContaining('publish the data'),
  })
  expect(await run(['serve', '--static', 'data/x'])).toMatchObject({
    code: 1,
    complaint: expect.stringContaining('no index.html'),
  })
})

test('check-config says where settings come from, and keeps secrets', async () => {
  await writeFile(join(cwd, 'rockpool.yaml'), 'avatar: { storage_path: ./old }\nserver: { port: 9000 }\n')
  const { code, output } = await run(['check-config', '--json'], { ROCKPOOL_JWT_SECRET: TOKEN_SECRET })
  expect(code).toBe(0)
  expect(output).not.toContain(TOKEN_SECRET)
  expect(JSON.parse(output)).toMatchObject({
    ok: true,
    settings: [
      { key: 'server.port', value: '9000' },
      { key: 'storage.local.path', value: join(cwd, 'old') },
      { key: 'auth.jwt_secret', value: '(set)', source: 'ROCKPOOL_JWT_SECRET' },
    ],
    warnings: [expect.stringContaining('Rename it to storage.local.path')],
  })
  const wrong = await run(['check-config', '--json'], env({ PORT: 'x' }))
  expect(wrong.code).toBe(1)
  expect(JSON.parse(wrong.output)).toEqual({
    error: { name: 'ConfigError', message: 'PORT: it is a number from 0 to 65535.' },
  })
})

test('doctor names a folder that others can read, and one that is missing', async () => {
  expect(await run(['doctor'])).toMatchObject({ code: 1, output: expect.stringMatching(/^fail .*does not exist/) })
  await mkdir(join(cwd, 'data'), { mode: 0o755 })
  expect(await run(['doctor'])).toMatchObject({ code: 1, output: expect.stringContaining('chmod -R go=') })
  expect((await run(['init'])).code).toBe(0)
  const healthy = await run(['doctor', '--json'])
  expect(healthy.code).toBe(0)
  expect(JSON.parse(healthy.output)).toMatchObject({ ok: true, findings: [{}, {}, {}] })
})

test('a folder that was restored without its index is refused, rebuilt, and served', async () => {
  const first = await serve()
  const token = await tokenOf(RIGHTS)
  const key = await createClient(() => first.base, 'reef', token).put(bytesOf('found again'))
  first.child.kill('SIGTERM')
  await first.ended
  for (const name of ['index.sqlite', 'index.sqlite-wal']) await rm(join(cwd, 'data/store', name), { force: true })
  const refused = await run(['serve'])
  expect([refused.code, refused.complaint]).toEqual([1, expect.stringContaining('rockpool-server rebuild')])
  const rebuilt = await run(['rebuild', '--json'])
  expect([rebuilt.code, JSON.parse(rebuilt.output)]).toMatchObject([
    0,
    { ok: true, bytes: { objects: 1, recoveredFiles: 1, lost: [] } },
  ])
  const second = await serve()
  expect(new TextDecoder().decode(await createClient(() => second.base, 'reef', token).get(key))).toBe('found again')
  expect(await run(['rebuild'])).toMatchObject({
    code: 1,
    complaint: expect.stringContaining('in use by another process'),
  })
  second.child.kill('SIGTERM')
  await second.ended
})

test.each([
  [['token', '--user', 'ada'], 2, 'token --user <name> --store <id>'],
  [['token', '--user', 'ada', '--store', 'a b'], 2, 'no store id'],
  [['token', '--user', 'ada', '--store', 'reef:own'], 2, '"own" is no right'],
  [['token', '--user', 'ada', '--request', `${REQUEST}:admin`], 2, '"admin" is no right'],
  [['token', '--user', 'ada', '--store', 'reef', '--expires', 'soon'], 2, '--expires'],
  [['token', '--user', 'ada', '--request', '42'], 2, 'UUID v4'],
  [['gc', '--grace', '23h'], 2, '--force'],
  [['gc', '--grace', 'soon'], 2, '--grace'],
  [['copy', '--from', 'local:x'], 2, 'copy --from <store> --to <store>'],
  [['dance'], 2, 'There is no command "dance"'],
])('%j ends with %i', async (args, code, message) => {
  const ended = await run(args)
  expect([ended.code, ended.complaint]).toEqual([code, expect.stringContaining(message)])
  expect(ended.complaint).toMatch(/^rockpool-server: [^\n]+\n$/)
})

test('an older Node gets one line', () => {
  const older = `Object.defineProperty(process.versions, 'node', { value: '20.19.0' })`
  const cli = fileURLToPath(new URL('./cli.ts', import.meta.url))
  const args = ['--import', `data:text/javascript,${encodeURIComponent(older)}`, cli]
  const { status: code, stderr: complaint } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([code, complaint]).toEqual([1, 'rockpool-server: Node 20.19.0 is too old. Install Node 22.15 or newer.\n'])
})
