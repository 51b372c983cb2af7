/** Quotas of files through the real process: the signer, the sync server and REST refuse what does not fit, with the figures. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchSigner } from '@rockpool/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addressOf, createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'

let folder: string
let url: string
const tokens: Record<string, string> = {}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-quota-'))
  for (const sub of ['ada', 'bob']) tokens[sub] = await tokenOf({ shop: ['read', 'write', 'delete'] }, sub)
  const env = {
    ROCKPOOL_DATA_DIR: folder,
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_QUOTA_USER_BYTES: '100',
    ROCKPOOL_QUOTA_STORE_FILES: '4',
    PORT: '0',
  }
  url = await runServer(['serve'], { env }).url
}, 120_000)
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

const call = (user: string, method: string, path: string, init: RequestInit = {}) =>
  fetch(`${url}${path}`, {
    method,
    ...init,
    headers: { authorization: `Bearer ${tokens[user]}`, ...(init.headers as Record<string, string>) },
  })
const post = async (user: string, path: string, body: BodyInit) => {
  const init = { body, headers: { 'content-type': 'image/png' }, duplex: 'half' } as RequestInit
  const response = await call(user, 'POST', `/storage/v1/object/files/${path}`, init)
  return [response.status, (await response.json()).error] as const
}
const usage = async (user: string) => (await call(user, 'GET', '/storage/v1/usage')).json()
const keyOf = (text: string) => `shop/files/${addressOf(Buffer.from(text))}`
const addEvent = (user: string, text: string) =>
  createClient(() => url, 'shop', tokens[user]!).push('v2.FileAdded', {
    ...{ opId: crypto.randomUUID(), id: crypto.randomUUID(), name: 'a.png', type: 'image/png', meta: '{}' },
    ...{ remoteKey: keyOf(text), size: text.length, at: 1_700_000_000_000 },
  })
const upload = (user: string, text: string) =>
  call(user, 'POST', '/signer/upload-url', {
    body: JSON.stringify({ key: keyOf(text), size: text.length, type: 'image/png' }),
  })

it('a user who is full is refused by every way, and hears the figures; others are not', async () => {
  expect((await post('ada', 'a.png', 'a'.repeat(60)))[0]).toBe(201)
  expect(await usage('ada')).toEqual({
    store: { bytes: 60, files: 1, max_bytes: null, max_files: 4 },
    user: { bytes: 60, files: 1, max_bytes: 100, max_files: null },
  })
  const figures = { of: 'user', unit: 'bytes', used: 60, limit: 100 }
  const [status, error] = await post('ada', 'b.png', 'b'.repeat(41))
  expect([status, error]).toEqual([
    507,
    { code: 'quota_exceeded', message: expect.stringContaining('60 of 100 bytes'), usage: figures },
  ])
  // The length of this body is not declared.
  const stream = new Blob(['b'.repeat(41)]).stream()
  expect(await post('ada', 'b.png', stream)).toEqual([507, error])
  expect(await createClient(() => url, 'shop', tokens.ada!).isStored(keyOf('b'.repeat(41)))).toBe(false)
  await expect(addEvent('ada', 'c'.repeat(41))).rejects.toThrow(/"quota_exceeded".*"used":60,"limit":100/)

  const signer = fetchSigner({ url: `${url}/signer`, token: async () => tokens.ada! })
  const asked = { key: keyOf('d'.repeat(41)), size: 41, type: 'image/png' } as never
  await expect(signer.uploadUrl(asked)).rejects.toMatchObject({
    code: 'quota_exceeded',
    usage: figures,
  })
  expect((await upload('bob', 'd'.repeat(41))).status).toBe(200)
})

it('content of a file that the log has may be uploaded, also when the user is full', async () => {
  await addEvent('ada', 'e'.repeat(40))
  expect((await usage('ada')).user.bytes).toBe(100)
  expect((await upload('ada', 'e'.repeat(40))).status).toBe(200)
  expect((await upload('ada', 'f')).status).toBe(507)
})

it('a version counts beside the one before; a file that is deleted makes room at once', async () => {
  expect((await post('ada', 'a.png', 'g'))[0]).toBe(507)
  expect((await call('ada', 'DELETE', '/storage/v1/object/files/a.png')).status).toBe(200)
  expect((await post('ada', 'a.png', 'h'.repeat(30)))[0]).toBe(201)
  expect((await post('ada', 'a.png', 'i'.repeat(30)))[0]).toBe(200)
  expect((await usage('ada')).user).toMatchObject({ bytes: 100, files: 2 })
})

it('a store takes no more files than its quota says, whoever adds them', async () => {
  expect((await post('bob', '1.png', '1'))[0]).toBe(201)
  expect((await post('bob', '2.png', '2'))[0]).toBe(201)
  const [status, { usage: figures }] = await post('bob', '3.png', '3')
  expect([status, figures]).toEqual([507, { of: 'store', unit: 'files', used: 4, limit: 4 }])
  expect((await post('bob', '2.png', 'another version'))[0]).toBe(200)
})
