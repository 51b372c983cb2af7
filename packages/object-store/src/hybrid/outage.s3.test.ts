/** A real S3 behind a cable that is pulled. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildRemoteKey, hashContent, PART_SIZE } from '@rockpool/protocol'
import { SETUP } from '../local/folder.test.shared.ts'
import { connect } from '../s3/connection.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { openHybridStore } from './hybrid-store.ts'

const target = testBucket('outage')
const folder = await mkdtemp(join(tmpdir(), 'rockpool-outage-'))

/** Forwards to S3 while it is plugged in. */
const cable = (() => {
  const sockets = new Set<Socket>()
  let plugged = true
  const server = createServer((socket) => {
    const { hostname, port } = new URL(target.endpoint)
    if (!plugged) return socket.destroy()
    const upstream = connectTcp(Number(port), hostname)
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => sockets.delete(one) && other.destroy())
      one.pipe(other)
    }
  })
  return {
    server,
    pull: () => {
      plugged = false
      for (const socket of sockets) socket.destroy()
    },
    plug: () => (plugged = true),
  }
})()

beforeAll(async () => {
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  cable.server.listen(0, '127.0.0.1')
  await once(cable.server, 'listening')
})
afterAll(async () => {
  cable.pull()
  cable.server.close()
  await rm(folder, { recursive: true })
})

const open = (name: string) => {
  const endpoint = `http://127.0.0.1:${(cable.server.address() as AddressInfo).port}`
  const behindCable = { ...target, endpoint }
  return openHybridStore({
    directory: join(folder, name),
    ...SETUP,
    connect: (signal) => openS3Store(behindCable, signal),
    random: () => 0.1,
  })
}

test(
  'S3 goes and comes: nothing fails, all of it arrives, and a new machine reads it from S3',
  { timeout: 120_000 },
  async () => {
    const hybrid = await open('first')
    const health = () => hybrid.checkHealth()
    // Both sides have been compared.
    expect(await hybrid.list('')).toEqual({ objects: [] })
    expect(await health()).not.toHaveProperty('degraded')

    cable.pull()
    const contents = new Map<string, Uint8Array<ArrayBuffer>>()
    for (const size of [0, 1000, PART_SIZE + 1]) {
      const bytes = someBytes(size, size)
      const key = buildRemoteKey({ storeId: 's', bucket: 'files', address: (await hashContent([bytes])).address })
      contents.set(key, bytes)
      expect(await hybrid.put(key, bytes, { size, type: 'image/png', ifNoneMatch: '*' })).toMatchObject({
        durable: false,
      })
      expectBytes(await readAll((await hybrid.get(key)).body), bytes)
    }
    expect(await health()).toMatchObject({ ok: true, degraded: true, pending: 3 })
    expect((await hybrid.list('s/')).objects).toHaveLength(3)

    cable.plug()
    await expect.poll(async () => (await health()).pending, { timeout: 60_000 }).toBe(0)
    expect(await health()).not.toHaveProperty('degraded')
    for (const key of contents.keys()) expect(await hybrid.head(key)).toMatchObject({ durable: true })
    await hybrid.close()

    const other = await open('second')
    for (const [key, bytes] of contents) {
      expectBytes(await readAll((await other.get(key)).body), bytes)
      const { body, info } = await other.get(
        key,
        bytes.length > 2 ? { range: { start: 1, end: bytes.length - 1 } } : {},
      )
      expectBytes(await readAll(body), bytes.length > 2 ? bytes.slice(1, -1) : bytes)
      expect(info).toMatchObject({ size: bytes.length, type: 'image/png' })
    }
    // What was read is here now: also without S3.
    cable.pull()
    const readable = async () => {
      const all = await Promise.allSettled(
        [...contents.keys()].map(async (key) => readAll((await other.get(key)).body)),
      )
      cable.plug()
      const read = all.filter((one) => one.status === 'fulfilled').length
      if (read === contents.size) cable.pull()
      return read
    }
    await expect.poll(readable, { timeout: 30_000, interval: 500 }).toBe(contents.size)
    await other.close()
  },
)
