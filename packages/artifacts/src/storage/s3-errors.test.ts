import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { createArtifacts } from '../artifacts.ts'
import type { PutOptions } from '../put-artifact.ts'
import { type FakeReply, fakeRuntime } from '../testing/fake-runtime.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'
const document = (code: string) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret words</Message></Error>`

test.for([
  [403, 'SignatureDoesNotMatch', 'forbidden', 'ARTIFACT_SECRET_KEY'],
  [403, 'InvalidAccessKeyId', 'forbidden', 'ARTIFACT_ACCESS_KEY'],
  [403, 'AccessDenied', 'forbidden', 'rights'],
  [403, 'RequestTimeTooSkewed', 'forbidden', 'clock'],
  [404, 'NoSuchBucket', 'no_bucket', 'ARTIFACT_BUCKET'],
  [301, 'PermanentRedirect', 'bad_settings', 'ARTIFACT_REGION'],
  [400, 'AuthorizationHeaderMalformed', 'bad_settings', 'ARTIFACT_REGION'],
  [400, 'BadDigest', 'digest_mismatch', 'again'],
  [400, 'SomethingNew', 'unavailable', '400'],
  [503, 'SlowDown', 'unavailable', '503'],
  [501, '', 'unavailable', '501'],
] as const)('%i %s is %s', async ([status, code, expected, said]) => {
  const runtime = fakeRuntime(Array.from({ length: 6 }, () => [status, {}, document(code)] as const))
  const artifacts = createArtifacts(
    { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
    runtime,
  )
  const put = artifacts.put({ requestId: ID, stage: 'a', name: 'b' }, 'x')
  await expect(put).rejects.toMatchObject({
    name: 'ArtifactError',
    code: expected,
    message: expect.stringContaining(said),
  })
  await expect(put).rejects.not.toThrow('secret words')
})

const SIZE = PART_SIZE + 1
const [STARTED, PART] = [
  [200, {}, '<R><UploadId>u</UploadId></R>'],
  [200, { etag: '"e"' }],
] as const

/** Puts an artifact of two parts; `replies` are those to the completion and what follows. */
const putTwoParts = (replies: readonly FakeReply[], options: PutOptions = {}) => {
  const before = options.replace ? [STARTED, PART, PART] : [404, STARTED, PART, PART]
  const runtime = fakeRuntime([...before, ...replies])
  const artifacts = createArtifacts(
    { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
    runtime,
  )
  const put = artifacts.put({ requestId: ID, stage: 'a', name: 'b' }, new Uint8Array(SIZE), options)
  return { put, runtime }
}

describe('completion of an upload', () => {
  const gone = [404, {}, document('NoSuchUpload')] as const
  const stored = async (bytes: Uint8Array) =>
    [
      200,
      { 'content-length': String(bytes.length), 'x-amz-meta-address': (await hashContent([bytes])).address },
    ] as const

  test.for(['SlowDown', 'InternalError'])('%s in the body of a 200 is sent again', async (code) => {
    const { put, runtime } = putTwoParts([[200, {}, document(code)], 200])
    expect((await put).size).toBe(SIZE)
    expect(runtime.waits.length).toBe(1)
  })

  test('an error in the body of every 200 is one, and the upload is aborted', async () => {
    const failing = Array.from({ length: 6 }, () => [200, {}, document('InternalError')] as const)
    const { put, runtime } = putTwoParts([...failing, 204])
    await expect(put).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('InternalError') })
    expect(runtime.requests.at(-1)!.init.method).toBe('DELETE')
  })

  test.for([false, true])('is a success when its first response was lost (replace: %s)', async (replace) => {
    const lost = new TypeError('fetch failed')
    const { put } = putTwoParts([lost, gone, await stored(new Uint8Array(SIZE))], { replace })
    expect((await put).size).toBe(SIZE)
  })

  test('fails when the upload is gone and an older object of the same size is there', async () => {
    const { put } = putTwoParts([gone, await stored(new Uint8Array(SIZE).fill(1)), 204], { replace: true })
    await expect(put).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('discarded') })
  })

  test('fails when the upload and the object are gone: no artifact is missing, it is to be written again', async () => {
    const { put } = putTwoParts([gone, 404, 204])
    await expect(put).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('discarded') })
  })
})
