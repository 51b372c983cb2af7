import { addressOfKey, addressParts, type Hashing, hashContent, sha256, WEB_HASHING } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { createPool } from '../../create-pool.ts'
import { memoryBlobStore, memoryIndex, memoryRecordLog, memorySigner } from '../../memory/index.ts'
import { memorySyncBackend } from '../../memory/sync-backend.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { sendByFetch } from './http.ts'

test('a platform with parts of 1 KiB: a file of 10 KiB is uploaded in parts and read by another device', async () => {
  let digests = 0
  const hashing: Hashing = {
    partSize: 1024,
    digest: (bytes) => {
      digests++
      return sha256(bytes)
    },
  }
  const platform: Platform = { ...webPlatform, hashing }
  const backend = memorySyncBackend()
  const { signer, fetch, objects } = memorySigner({ platform })
  const openDevice = (device: string) =>
    createPool({
      log: memoryRecordLog({ storeId: 'reef', backend, device }),
      blobs: memoryBlobStore({ hashing }),
      index: memoryIndex(),
      signer,
      fetch,
      send: sendByFetch(fetch),
      device: `small-parts-${device}`,
      platform,
    })
  const bytes = sampleBytes(10 * 1024)

  const laptop = await openDevice('laptop')
  const stored = Promise.withResolvers<string>()
  laptop.on('stored', ({ id }) => stored.resolve(id))
  const file = await laptop.add(new Blob([bytes], { type: 'image/png' }), { name: 'reef.png' })
  const address = addressOfKey(file.remoteKey)
  expect(addressParts(address)).toBe(10)
  expect(address).toBe((await hashContent([bytes], hashing)).address)
  expect(await stored.promise).toBe(file.id)
  expect([...objects].map(([key, { bytes }]) => [key, bytes.size])).toEqual([
    [`${file.remoteKey}.parts`, 320],
    [file.remoteKey, bytes.length],
  ])

  const phone = await openDevice('phone')
  expect(new Uint8Array(await (await phone.open(file.id)).arrayBuffer())).toEqual(bytes)
  // At least: hashed by the laptop, received by the object store, verified by the phone.
  expect(digests).toBeGreaterThanOrEqual(30)
  await Promise.all([laptop.close(), phone.close()])
})

test('the web platform names content by SHA-256 and parts of 8 MiB', async () => {
  expect(webPlatform.hashing).toBe(WEB_HASHING)
  expect(WEB_HASHING.partSize).toBe(8_388_608)
})
