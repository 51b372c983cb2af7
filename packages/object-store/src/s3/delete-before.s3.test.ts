/** A delete with a time limit, on the real S3, through a proxy that keeps requests back. */
import { createServer, request as sendRequest } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { someBytes } from '../testing/bytes.ts'
import { createdBucket } from '../testing/test-bucket.ts'
import { openS3Store, type S3Store } from './s3-store.ts'

/** Keeps a DELETE until then (`performance.now()`). */
let passDeletesAt = 0
let close = () => {}
let store: S3Store
beforeAll(async () => {
  const target = await createdBucket('late')
  const { hostname, port } = new URL(target.endpoint)
  const proxy = createServer(async (incoming, outgoing) => {
    if (incoming.method === 'DELETE') {
      const ms = Math.max(0, passDeletesAt - performance.now())
      await new Promise((resolve) => void setTimeout(resolve, ms))
    }
    // The sender may have gone: what it has sent arrives nevertheless.
    const { method, url: path, headers } = incoming
    const sent = sendRequest({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
      if (method === 'DELETE') statuses.push(answer.statusCode!)
    })
    if (method === 'DELETE') sent.end()
    else incoming.pipe(sent)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  close = () => {
    proxy.closeAllConnections()
    proxy.close()
  }
  store = await openS3Store({ ...target, endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
}, 120_000)
afterAll(async () => {
  await store?.close()
  close()
})
const statuses: number[] = []

test('S3 refuses a delete that arrives after its time, also when nobody waits for it any more', async () => {
  await store.put('reef', someBytes(10, 1), { size: 10 })
  statuses.length = 0
  // Its Date header leaves out the milliseconds, so that up to a second is lost.
  const before = performance.now() + 12_000
  passDeletesAt = before + 2_000
  await expect(store.delete('reef', { before })).rejects.toMatchObject({ code: 'unavailable' })
  await expect.poll(() => statuses.length).toBeGreaterThan(0)
  expect(new Set(statuses)).toEqual(new Set([403]))
  expect(await store.exists('reef')).toBe(true)
})

test('S3 takes one that arrives in time', async () => {
  passDeletesAt = 0
  statuses.length = 0
  await store.put('shoal', someBytes(10, 2), { size: 10 })
  await store.delete('shoal', { before: performance.now() + 600_000 })
  expect(statuses).toEqual([204])
  expect(await store.exists('shoal')).toBe(false)
})
