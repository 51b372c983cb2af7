/** Buckets that are made while the server runs, through the real process: seen by REST, signer and sync server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerOf, type Right } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addressOf, createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer, type ServerProcess } from '../testing/process.ts'

let folder: string
let server: ServerProcess
let url: string
const tokens: Record<string, string> = {}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-buckets-'))
  const users: Record<string, readonly Right[]> = {
    ada: ['read', 'write', 'delete'],
    bob: ['read'],
    root: ['admin', 'read'],
  }
  for (const [sub, rights] of Object.entries(users)) tokens[sub] = await tokenOf({ shop: rights, lagoon: rights }, sub)
  await start()
}, 120_000)
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

const start = async (buckets = '{"files":{"access":"store"}}') => {
  const env = { ROCKPOOL_DATA_DIR: folder, ROCKPOOL_JWT_SECRET: TOKEN_SECRET, ROCKPOOL_BUCKETS: buckets, PORT: '0' }
  server = runServer(['serve'], { env })
  url = await server.url
}
const call = (user: string, method: string, path: string, init: RequestInit = {}, store = 'shop') =>
  fetch(`${url}${path}`, {
    method,
    ...init,
    headers: {
      authorization: `Bearer ${tokens[user]}`,
      'rockpool-store': store,
      ...(init.headers as Record<string, string>),
    },
  })
const create = async (user: string, body: object | string) => {
  const init = { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const response = await call(user, 'POST', '/storage/v1/bucket', init)
  return [response.status, await response.json()] as const
}
const bucketsOf = async (store: string) => {
  const buckets = await (await call('bob', 'GET', '/storage/v1/bucket', {}, store)).json()
  return buckets.map(({ name, policy }: Record<string, string>) => `${name} ${policy}`)
}
const PHOTOS = { name: 'photos', allowed_mime_types: ['image/*'], max_file_size: 10 }

it('a bucket that an administrator makes is private, belongs to one store, and takes files by every way at once', async () => {
  expect(await create('root', PHOTOS)).toEqual([201, { ...PHOTOS, policy: 'private' }])
  expect(await create('root', PHOTOS)).toEqual([200, { ...PHOTOS, policy: 'private' }])
  expect(await bucketsOf('shop')).toEqual(['photos private', 'files authenticated'])
  expect(await bucketsOf('lagoon')).toEqual(['files authenticated'])

  const type = { 'content-type': 'image/png' }
  const posted = await call('ada', 'POST', '/storage/v1/object/photos/a.png', { body: 'reef', headers: type })
  expect(posted.status).toBe(201)
  const other = await call('ada', 'POST', '/storage/v1/object/photos/a.png', { body: 'reef', headers: type }, 'lagoon')
  expect(other.status).toBe(404)
  const wrong = await call('ada', 'POST', '/storage/v1/object/photos/a.txt', {
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  })
  expect(wrong.status).toBe(415)

  const key = (store: string, owner: string) => `${store}/photos/${owner}/${addressOf(Buffer.from('reef'))}`
  const statusOf = async (user: string, text: string) => {
    const response = await call(user, 'GET', `/signer/download-url?key=${text}`)
    await response.arrayBuffer()
    return response.status
  }
  const owner = await ownerOf('ada')
  expect(await statusOf('ada', key('shop', owner))).toBe(200)
  expect(await statusOf('bob', key('shop', owner))).toBe(403)
  expect(await statusOf('ada', key('lagoon', owner))).toBe(400)

  const add = (store: string) =>
    createClient(() => url, store, tokens.ada!).push('v2.FileAdded', {
      ...{ opId: crypto.randomUUID(), id: crypto.randomUUID(), name: 'b.png', type: 'image/png', size: 4, meta: '{}' },
      ...{ remoteKey: key(store, owner), at: 1_700_000_000_000 },
    })
  await add('shop')
  await expect(add('lagoon')).rejects.toThrow('unknown_bucket')
})

it('needs the right admin, and a body that makes sense', async () => {
  expect((await create('ada', PHOTOS))[0]).toBe(403)
  expect((await create('root', { ...PHOTOS, policy: 'public' }))[1]).toMatchObject({ error: { code: 'conflict' } })
  for (const body of ['', '{', '[]', '{"policy":"public"}', '{"name":"a","access":"public"}', '{"name":"a/b"}']) {
    const [status, { error }] = await create('root', body)
    expect([body, status, error.code]).toEqual([body, 400, 'bad_request'])
  }
})

it('is there after the server was killed; one of the configuration counts over it', async () => {
  await create('root', { name: 'kept', policy: 'authenticated' })
  server.child.kill('SIGKILL')
  await server.ended
  await start('{"photos":{"access":"public"}}')
  expect((await bucketsOf('shop')).toSorted()).toEqual(['kept authenticated', 'photos public'])
})
