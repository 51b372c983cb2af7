import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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

/** A whole PUT with a token, whose body stops before it has begun, until it breaks off. */
const stalledPut = async (sub: string, number: number) => {
  const [read, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()]
  // Nobody reads the body of one that is refused.
  broken.promise.catch(() => {})
  const pull = () => (read.resolve(), broken.promise)
  const body = new ReadableStream({ pull }, { highWaterMark: 0 })
  const headers = {
    authorization: `Bearer ${await token({ reef: ['write'] }, sub)}`,
    'content-length': String(PART_SIZE),
    'content-type': 'image/png',
  }
  const url = `${signer.url}/objects/reef/files/${String(number).padStart(64, '0')}`
  const answer = signer.fetch(new Request(url, { method: 'PUT', body, headers, duplex: 'half' } as RequestInit))
  await Promise.race([read.promise, answer])
  return { answer, breakOff: () => broken.reject(new Error('The client is gone.')) }
}

test('whole PUTs, which an S3 store reads first: 32 of one user at once, and no more', async () => {
  const puts = await Promise.all(Array.from({ length: 33 }, (_, number) => stalledPut('ada', number)))
  const refused = await Promise.race(puts.map(({ answer }) => answer))
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  const all = [...puts, await stalledPut('bob', 33)]
  for (const { breakOff } of all) breakOff()
  const statuses = (await Promise.all(all.map(({ answer }) => answer))).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([...Array.from({ length: 33 }, () => 400), 429])
})

test('one that takes too long is ended, whatever was collected as garbage meanwhile', async () => {
  const late = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(late.signal)
  const { answer } = await stalledPut('ada', 1)
  for (let turns = 0; turns < 5; turns++) {
    collectGarbage()
    await setImmediate()
  }
  late.abort()
  expect((await answer).status).toBe(400)
})

/** Node has it only behind a flag. */
const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
