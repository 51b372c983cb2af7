/** A hybrid folder that a configuration points at another S3 bucket. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openS3Store } from '@rockpool/object-store/s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-bucket-'))
})
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true, force: true })
})

const start = async (bucket: Awaited<ReturnType<typeof createdBucket>>) => {
  const server = runServer(['serve'], {
    env: {
      ...environmentOfBucket(bucket),
      ROCKPOOL_STORE: 'hybrid',
      ROCKPOOL_DATA_DIR: folder,
      ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
      PORT: '0',
    },
    cwd: folder,
  })
  const url = await server.url
  return {
    client: createClient(() => url, 'reef', await tokenOf({ reef: ['read', 'write'] })),
    ready: async () => JSON.stringify(await (await fetch(`${url}/ready`)).json()),
    stop: async () => {
      server.child.kill('SIGTERM')
      await server.ended
    },
  }
}

test('replicates nothing to another S3 bucket than before, and says so', { timeout: 180_000 }, async () => {
  const [first, second] = [await createdBucket('server'), await createdBucket('server')]
  const UNTIL = { timeout: 170_000 }
  const before = await start(first)
  await before.client.put(new Uint8Array(1_000).fill(1))
  await expect.poll(before.ready, UNTIL).toContain('"pending":0')
  await before.stop()

  const misled = await start(second)
  await expect.poll(misled.ready, UNTIL).toContain('This is not the S3 bucket')
  const key = await misled.client.put(new Uint8Array(1_000).fill(2))
  await expect.poll(misled.ready, UNTIL).toMatch(/"pending":1.*"degraded":true/)
  await misled.stop()
  const other = await openS3Store(second)
  expect((await other.list('reef/')).objects).toEqual([])
  await other.close()

  const again = await start(first)
  await expect.poll(again.ready, UNTIL).toContain('"pending":0')
  await again.stop()
  const right = await openS3Store(first)
  expect(await right.exists(key)).toBe(true)
  await right.close()
})
