import { describe, expect, test } from 'vitest'
import { TOKEN_SECRET } from './testing/harness.ts'
import { readBindings } from './workers.ts'

const BINDINGS = {
  ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
  ARTIFACT_ENDPOINT: 'https://s3.example',
  ARTIFACT_BUCKET: 'my-files',
  ARTIFACT_ACCESS_KEY: 'key',
  ARTIFACT_SECRET_KEY: 'secret of the bucket',
}

describe('readBindings', () => {
  test('reads the variables of the README, in S3 mode', () => {
    expect(readBindings(BINDINGS)).toMatchObject({
      s3: { bucket: 'my-files', accessKey: 'key' },
      tokens: { kind: 'secret', secrets: [TOKEN_SECRET] },
      rateLimit: 100,
    })
  })

  test('takes variables written as JSON, and leaves other bindings alone', () => {
    const buckets = { photos: { access: 'public' } }
    const bindings = {
      ...BINDINGS,
      ROCKPOOL_BUCKETS: buckets,
      ROCKPOOL_RATE_LIMIT: 7,
      ARTIFACT_FORCE_PATH_STYLE: true,
      SYNC_BACKEND: { get: () => undefined },
      PORT: 'none of ours',
    }
    expect(readBindings(bindings)).toMatchObject({ buckets, rateLimit: 7, s3: { forcePathStyle: true } })
  })

  test.each([
    ['ROCKPOOL_JWT_SECRET', undefined],
    ['ROCKPOOL_JWT_SECRET', { get: () => TOKEN_SECRET }],
    ['ROCKPOOL_STORE', 'local'],
    ['ROCKPOOL_STORE', 'hybrid'],
    ['ARTIFACT_BUCKET', ''],
    ['ARTIFACT_SECRET_KEY', undefined],
    ['ROCKPOOL_BUCKETS', { photos: { access: 'everybody' } }],
    ['ROCKPOOL_RATE_LIMIT', -1],
  ])('refuses %s: %j', (name, value) => {
    const bindings = { ...BINDINGS, [name]: value }
    const refused = expect.objectContaining({ code: 'bad_request', message: expect.stringMatching(`^${name}: `) })
    expect(() => readBindings(bindings)).toThrow(refused)
  })

  test('needs keys of the S3 bucket: a Worker has no role', () => {
    const { ARTIFACT_ACCESS_KEY: _, ARTIFACT_SECRET_KEY: __, ...keyless } = BINDINGS
    expect(() => readBindings(keyless)).toThrow('ARTIFACT_ACCESS_KEY: set it and ARTIFACT_SECRET_KEY')
  })
})
