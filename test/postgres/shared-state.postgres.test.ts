/** What one server is told, and another one acts on at once: buckets, and decisions about held files. */
import { DEFAULT_BUCKETS } from '@rockpool/protocol'
import { beforeAll, expect, it } from 'vitest'
import { addressOf, createClient, tokenOf } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from '../../packages/server/src/testing/content.ts'
import { type RunningServer, useTwoServers } from './two-servers.ts'

const BUCKETS = { ...DEFAULT_BUCKETS, scanned: { access: 'store', hold: { waitSeconds: 3_600, refused: 'keep' } } }

const servers = useTwoServers({ ROCKPOOL_BUCKETS: JSON.stringify(BUCKETS) })
let token: string
beforeAll(async () => {
  token = await tokenOf({ shop: ['read', 'write', 'delete', 'admin'] })
})

const call = async ({ url }: RunningServer, method: string, path: string, body?: Uint8Array<ArrayBuffer> | object) => {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

it('makes a bucket for the REST API, the signer and the sync server of all servers', async () => {
  const { first, second } = servers()
  const bucket = { name: 'photos', policy: 'authenticated', max_file_size: 100 }
  expect((await call(second, 'POST', '/storage/v1/object/photos/reef.jpg', bytesOf(10, 1))).status).toBe(404)
  expect((await call(first, 'POST', '/storage/v1/bucket', bucket)).status).toBe(201)
  expect((await call(second, 'POST', '/storage/v1/object/photos/reef.jpg', bytesOf(10, 1))).status).toBe(201)
  expect((await call(second, 'POST', '/storage/v1/object/photos/reef.jpg', bytesOf(101, 1))).status).toBe(413)
  expect((await call(first, 'GET', '/storage/v1/object/photos/reef.jpg')).status).toBe(200)
  expect((await call(second, 'POST', '/storage/v1/bucket', bucket)).status).toBe(200)

  await call(first, 'POST', '/storage/v1/bucket', { ...bucket, name: 'posters' })
  const remoteKey = `shop/posters/${addressOf(bytesOf(10, 2))}`
  const upload = { key: remoteKey, size: 10, type: 'image/png' }
  expect((await call(second, 'POST', '/signer/upload-url', upload)).status).toBe(200)

  await call(first, 'POST', '/storage/v1/bucket', { ...bucket, name: 'scans' })
  const key = `shop/scans/${addressOf(bytesOf(10, 2))}`
  const file = { id: 'scan', name: 'scan.png', type: 'image/png', size: 10, remoteKey: key, meta: {}, at: 1 }
  await createClient(() => second.url, 'shop', token).push('v2.FileAdded', { ...file, opId: 'scan' })
})

it('holds a file at all servers until it is released at one of them', async () => {
  const { first, second } = servers()
  const path = '/storage/v1/object/scanned/doc.png'
  expect((await call(first, 'POST', path, bytesOf(10, 3))).status).toBe(201)
  for (const server of [first, second]) expect((await call(server, 'GET', path)).status).toBe(423)
  expect((await call(second, 'POST', '/storage/v1/object/release/scanned/doc.png', {})).status).toBe(200)
  for (const server of [first, second]) expect((await call(server, 'GET', path)).status).toBe(200)
  const key = `shop/scanned/${addressOf(bytesOf(10, 3))}`
  for (const server of [first, second]) {
    expect((await call(server, 'GET', `/signer/download-url?key=${key}`)).status).toBe(200)
  }
})
