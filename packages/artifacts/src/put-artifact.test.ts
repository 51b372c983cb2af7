import { PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { createArtifacts } from './artifacts.ts'
import { type FakeReply, fakeRuntime } from './testing/fake-runtime.ts'

const AT = { requestId: '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77', stage: 'a', name: 'b' }
const STARTED = [200, {}, '<R><UploadId>u</UploadId></R>'] as const

const withReplies = (...replies: FakeReply[]) => {
  const runtime = fakeRuntime(replies)
  const s3 = { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' }
  return { runtime, artifacts: createArtifacts({ s3 }, runtime) }
}

/** Two parts, and then a source that gives nothing any more. */
async function* stalling() {
  yield new Uint8Array(2 * PART_SIZE)
  await new Promise<never>(() => {})
}

test('a part that is refused ends the call, although the source stalls and another part is under way', async () => {
  const { artifacts, runtime } = withReplies(404, STARTED, 'hang', 403, 204)
  await expect(artifacts.put(AT, stalling())).rejects.toMatchObject({ code: 'forbidden' })
  expect(runtime.requests.at(-1)!.init.method).toBe('DELETE')
})

test('a call that is cancelled returns although the store does not remove the upload', async () => {
  const { artifacts, runtime } = withReplies(404, STARTED, 'hang', 'hang', 'hang')
  const controller = new AbortController()
  const put = artifacts.put(AT, stalling(), { signal: controller.signal })
  await runtime.requested(4)
  controller.abort()
  await expect(put).rejects.toMatchObject({ code: 'aborted' })
})

test('a call that is cancelled returns although its token function hangs', async () => {
  const runtime = fakeRuntime([])
  const asked = Promise.withResolvers<void>()
  const token = () => {
    asked.resolve()
    return new Promise<never>(() => {})
  }
  const artifacts = createArtifacts({ server: { url: 'https://files.example/signer', token } }, runtime)
  const controller = new AbortController()
  const put = artifacts.put(AT, 'x', { signal: controller.signal })
  await asked.promise
  controller.abort()
  await expect(put).rejects.toMatchObject({ code: 'aborted' })
})

test('a token function that fails is a typed error', async () => {
  const cause = new Error('The identity provider is down.')
  const token = () => Promise.reject(cause)
  const artifacts = createArtifacts({ server: { url: 'https://files.example/signer', token } }, fakeRuntime([]))
  await expect(artifacts.put(AT, 'x')).rejects.toMatchObject({ name: 'ArtifactError', code: 'unavailable', cause })
})

test('a call that waits for room in the window can be cancelled', async () => {
  const { artifacts, runtime } = withReplies(...Array.from({ length: 8 }, () => 'hang' as const))
  const filling = Array.from({ length: 8 }, (_, i) => artifacts.put({ ...AT, name: `${i}` }, 'x'))
  for (const put of filling) put.catch(() => {})
  await runtime.requested(8)
  const controller = new AbortController()
  const read = Promise.withResolvers<void>()
  const source = async function* () {
    yield new Uint8Array(1)
    read.resolve()
  }
  const put = artifacts.put(AT, source(), { signal: controller.signal })
  await read.promise
  // The call has taken the end of its source by then, and hashes or waits for room.
  await new Promise(setImmediate)
  controller.abort()
  await expect(put).rejects.toMatchObject({ code: 'aborted' })
})
