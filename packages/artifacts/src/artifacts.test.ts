import { expect, test } from 'vitest'
import { createArtifacts } from './artifacts.ts'
import { fakeRuntime } from './testing/fake-runtime.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'

test.for(['s3.example', 'ftp://s3.example', 'https://user:password@s3.example'])('%s is no endpoint', (endpoint) => {
  const create = () => createArtifacts({ s3: { endpoint, region: 'us-east-1', accessKey: 'a', secretKey: 's' } })
  expect(create).toThrow(expect.objectContaining({ code: 'bad_settings' }))
  expect(create).not.toThrow('password')
})

test.for(['secret\ntoken', 'secretĀ'])('neither the error of the token %j nor its cause repeats it', async (token) => {
  const artifacts = createArtifacts({ server: { url: 'http://127.0.0.1:1/signer', token } })
  const error = await artifacts
    .state(ID)
    .read()
    .catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('token') })
  expect(String((error as Error).cause)).not.toContain('secret')
})

test('an object of over 78 GiB has no reference, and is not read', async () => {
  const runtime = fakeRuntime([[200, { 'content-length': String(5 * 1024 ** 4) }]])
  const artifacts = createArtifacts({ s3: { region: 'us-east-1', accessKey: 'a', secretKey: 's' } }, runtime)
  const resolving = artifacts.resolve({ requestId: ID, stage: 'input', name: 'original.mp4' })
  await expect(resolving).rejects.toMatchObject({ name: 'ArtifactError', code: 'too_large' })
  expect(runtime.requests.length).toBe(1)
})
