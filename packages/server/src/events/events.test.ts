/** The event stream through the real process: users with different rights, a cursor that outlives a restart. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { readEventSource } from '../testing/event-source.ts'
import { endAll, runServer, type ServerProcess } from '../testing/process.ts'

const BUCKETS = { files: { access: 'store' }, inbox: { access: 'owner' } }

let folder: string
let server: ServerProcess
let url: string
const tokens: Record<string, string> = {}

const start = async () => {
  const env = {
    ROCKPOOL_DATA_DIR: folder,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS),
    PORT: '0',
  }
  server = runServer(['serve'], { env })
  url = await server.url
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-events-'))
  for (const sub of ['ada', 'bob']) tokens[sub] = await tokenOf({ shop: ['read', 'write', 'delete'] }, sub)
  tokens.stranger = await tokenOf({ lagoon: ['read'] }, 'mallory')
  tokens.writer = await tokenOf({ shop: ['write'] }, 'walter')
  await start()
})
afterEach(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})
afterAll(endAll)

const call = (user: string, method: string, path: string, init: RequestInit = {}) =>
  fetch(`${url}/storage/v1${path}`, {
    method,
    ...init,
    headers: { authorization: `Bearer ${tokens[user]}`, ...(init.headers as Record<string, string>) },
  })
const post = async (user: string, place: string, body: string): Promise<{ readonly id: string }> => {
  const response = await call(user, 'POST', `/object/${place}`, { body, headers: { 'content-type': 'image/png' } })
  expect(response.ok).toBe(true)
  return response.json()
}
const openStream = async (user: string, query = '', headers: Record<string, string> = {}) => {
  const response = await call(user, 'GET', `/events${query}`, { headers: { 'rockpool-store': 'shop', ...headers } })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  return readEventSource(response)
}

it('has what happens to files, in order, for each user what this user may read', async () => {
  const [ada, bob] = [await openStream('ada'), await openStream('bob')]
  const { id } = await post('ada', 'files/reef.png', 'reef')
  await post('ada', 'inbox/secret.png', 'secret')
  await post('bob', 'files/reef.png', 'lagoon')
  await call('bob', 'DELETE', '/object/files/reef.png')
  const reef = { id, store_id: 'shop', bucket: 'files', path: 'reef.png', owner_id: 'ada' }
  expect(await ada.next()).toEqual({
    type: 'storage.object.created',
    ...reef,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    cursor: expect.any(String),
  })
  expect(await ada.next()).toMatchObject({ type: 'storage.object.created', bucket: 'inbox', path: 'secret.png' })
  expect(await ada.next()).toMatchObject({ type: 'storage.object.updated', ...reef })
  expect(await ada.next()).toMatchObject({ type: 'storage.object.deleted', ...reef })
  const types = [await bob.next(), await bob.next(), await bob.next()].map((event) => event!.type.split('.')[2])
  expect(types).toEqual(['created', 'updated', 'deleted'])
  await Promise.all([ada.close(), bob.close()])
})

it('continues after a cursor, in the query or in Last-Event-ID, also after a restart', async () => {
  const stream = await openStream('ada', '?since=0')
  await post('ada', 'files/1.png', 'one')
  const first = (await stream.next())!
  server.child.kill('SIGKILL')
  await server.ended
  await expect(stream.next()).rejects.toThrow()
  await start()
  await post('ada', 'files/2.png', 'two')
  const continued = [
    await openStream('ada', `?since=${first.cursor}`),
    await openStream('ada', '?since=0', { 'last-event-id': stream.lastId }),
  ]
  for (const again of continued) {
    expect(await again.next()).toMatchObject({ path: '2.png' })
    await again.close()
  }
})

it('ends all streams when the server stops, and the server does not wait for them', async () => {
  const stream = await openStream('ada')
  server.child.kill('SIGTERM')
  expect(await stream.next()).toBeUndefined()
  expect((await server.ended).code).toBe(0)
})

it('refuses who may not read the store, and cursors that are none', async () => {
  const refusals = [
    ['stranger', '', 403],
    ['writer', '', 403],
    ['ada', '?since=tomorrow', 400],
    ['ada', '?since=another-log.1', 409],
  ] as const
  for (const [user, query, status] of refusals) {
    const response = await call(user, 'GET', `/events${query}`, { headers: { 'rockpool-store': 'shop' } })
    expect([user, query, response.status]).toEqual([user, query, status])
    expect((await response.json()).error.message).toMatch(/\.$/)
  }
})
