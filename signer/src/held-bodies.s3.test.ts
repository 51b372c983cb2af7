import { PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { contentOf, token } from './testing/harness.ts'
import { startOnS3 } from './testing/s3.ts'

test('whole PUTs that an S3 store reads first: 128 MiB at once, and no more', async () => {
  const signer = await startOnS3()
  const authorization = `Bearer ${await token({ reef: ['write'] })}`
  const put = async (body: ReadableStream, seed: number) => {
    const { address } = await contentOf(PART_SIZE, seed)
    const headers = { authorization, 'content-length': String(PART_SIZE), 'content-type': 'image/png' }
    const request = new Request(`${signer.url}/objects/reef/files/${address}`, {
      ...{ method: 'PUT', body, headers },
      duplex: 'half',
    } as RequestInit)
    return signer.fetch(request)
  }
  const bodies = Array.from({ length: 16 }, () => {
    const [read, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()]
    const pull = () => (read.resolve(), broken.promise)
    return { read, broken, stream: new ReadableStream({ pull }, { highWaterMark: 0 }) }
  })
  const held = bodies.map(({ stream }, i) => put(stream, i))
  await Promise.all(bodies.map(({ read }) => read.promise))
  const { bytes } = await contentOf(PART_SIZE, 16)
  const refused = await put(new Blob([bytes]).stream(), 16)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  for (const { broken } of bodies) broken.reject(new Error('The client is gone.'))
  for (const { status } of await Promise.all(held)) expect(status).toBeGreaterThanOrEqual(400)
  expect((await put(new Blob([bytes]).stream(), 16)).status).toBe(200)
  await signer.stop()
}, 60_000)
