import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { type TestSigner, token } from './testing/harness.ts'
import { startOnS3 } from './testing/s3.ts'

let signer: TestSigner
beforeAll(async () => {
  signer = await startOnS3()
}, 30_000)
afterEach(() => void vi.restoreAllMocks())
afterAll(() => signer.stop())

/** A whole PUT with a token, whose body stops before it has begun, until the client goes. */
const stalledPut = async (sub: string, number: number) => {
  const [read, gone] = [Promise.withResolvers<void>(), new AbortController()]
  const pull = () => (read.resolve(), new Promise<void>(() => {}))
  const body = new ReadableStream({ pull }, { highWaterMark: 0 })
  const headers = {
    authorization: `Bearer ${await token({ reef: ['write'] }, sub)}`,
    'content-length': String(PART_SIZE),
    'content-type': 'image/png',
  }
  const key = `reef/files/${String(number).padStart(64, '0')}`
  const request = new Request(`${signer.url}/objects/${key}`, {
    ...{ method: 'PUT', body, headers, signal: gone.signal },
    duplex: 'half',
  } as RequestInit)
  const answer = signer.fetch(request)
  await Promise.race([read.promise, answer])
  return { answer, leave: () => gone.abort() }
}

test('whole PUTs, which an S3 store reads first: 32 of one user at once, and no more', async () => {
  const puts = await Promise.all(Array.from({ length: 33 }, (_, number) => stalledPut('ada', number)))
  const refused = await Promise.race(puts.map(({ answer }) => answer))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  const bobs = await stalledPut('bob', 33)
  for (const { leave } of [...puts, bobs]) leave()
  const statuses = (await Promise.all([...puts, bobs].map(({ answer }) => answer))).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([...Array.from({ length: 33 }, () => 400), 429])
})

test('one that takes too long is ended', async () => {
  const late = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(late.signal)
  const { answer } = await stalledPut('ada', 1)
  late.abort()
  expect((await answer).status).toBe(400)
})
