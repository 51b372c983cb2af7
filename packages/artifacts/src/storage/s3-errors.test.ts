import { expect, test } from 'vitest'
import { fakeRuntime } from '../testing/fake-runtime.ts'
import { createArtifacts } from '../artifacts.ts'

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

test('an error in a reply of 200 to the completion is one, and the upload is aborted', async () => {
  const part = [200, { etag: '"e"' }] as const
  const runtime = fakeRuntime([
    404,
    [200, {}, '<R><UploadId>u</UploadId></R>'],
    part,
    part,
    [200, {}, document('InternalError')],
    204,
  ])
  const artifacts = createArtifacts(
    { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
    runtime,
  )
  const put = artifacts.put({ requestId: ID, stage: 'a', name: 'b' }, new Uint8Array(8 * 1024 * 1024 + 1))
  await expect(put).rejects.toMatchObject({ code: 'unavailable' })
  expect(runtime.requests.at(-1)!.init.method).toBe('DELETE')
})

test('a completion whose first response was lost is a success', async () => {
  const part = [200, { etag: '"e"' }] as const
  const size = 8 * 1024 * 1024 + 1
  const runtime = fakeRuntime([
    404,
    [200, {}, '<R><UploadId>u</UploadId></R>'],
    part,
    part,
    new TypeError('fetch failed'),
    [404, {}, document('NoSuchUpload')],
    [200, { 'content-length': String(size) }],
  ])
  const artifacts = createArtifacts(
    { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
    runtime,
  )
  const ref = await artifacts.put({ requestId: ID, stage: 'a', name: 'b' }, new Uint8Array(size))
  expect(ref.size).toBe(size)
})

test('an upload that S3 discarded is unavailable, not a missing artifact', async () => {
  const part = [200, { etag: '"e"' }] as const
  const runtime = fakeRuntime([
    404,
    [200, {}, '<R><UploadId>u</UploadId></R>'],
    part,
    part,
    [404, {}, document('NoSuchUpload')],
    404,
    204,
  ])
  const artifacts = createArtifacts(
    { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
    runtime,
  )
  const put = artifacts.put({ requestId: ID, stage: 'a', name: 'b' }, new Uint8Array(8 * 1024 * 1024 + 1))
  await expect(put).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('discarded') })
})
