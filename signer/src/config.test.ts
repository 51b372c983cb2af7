import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Environment } from '@rockpool/access'
import { readS3, readSignerConfig } from './config.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const local = { ROCKPOOL_JWT_SECRET: SECRET }
const s3 = { ARTIFACT_BUCKET: 'reef', ROCKPOOL_JWT_SECRET: SECRET }
const jwks = {
  ROCKPOOL_JWKS_URL: 'https://id.example/keys',
  ROCKPOOL_JWT_ISSUER: 'https://id.example',
  ROCKPOOL_JWT_AUDIENCE: 'rockpool',
}

/** All that a Worker reads. */
const readAll = (env: Environment) => ({ ...readSignerConfig(env), s3: readS3(env) })

describe('an environment that is right', () => {
  test('the least: a secret', () => {
    expect(readSignerConfig(local)).toEqual({
      tokens: { kind: 'secret', secrets: [SECRET] },
      receiptSecret: SECRET,
      buckets: { files: { access: 'store' } },
      origins: [],
      publicBaseUrl: '',
      cdnBaseUrl: undefined,
      serviceRole: false,
      longestShare: 3600,
      gateway: false,
      confirmUploads: false,
      rateLimit: 100,
    })
  })

  test('S3', () => {
    expect(readS3(s3)).toEqual({ region: 'us-east-1', bucket: 'reef', forcePathStyle: false })
    const all = {
      ...s3,
      ARTIFACT_ENDPOINT: 'http://127.0.0.1:7480/',
      ARTIFACT_REGION: 'eu-west-1',
      ARTIFACT_ACCESS_KEY: 'key',
      ARTIFACT_SECRET_KEY: 'secret',
      ARTIFACT_FORCE_PATH_STYLE: 'true',
    }
    expect(readS3(all)).toEqual({
      endpoint: 'http://127.0.0.1:7480',
      region: 'eu-west-1',
      bucket: 'reef',
      accessKey: 'key',
      secretKey: 'secret',
      forcePathStyle: true,
    })
  })

  test('the rest', () => {
    const config = readSignerConfig({
      ...jwks,
      ROCKPOOL_ALLOWED_ORIGINS: 'https://a.example, http://localhost:5173',
      ROCKPOOL_PUBLIC_BASE_URL: 'https://files.example/signer/',
      ROCKPOOL_CDN_BASE_URL: 'https://cdn.example',
      ROCKPOOL_BUCKETS: '{"photos":{"access":"public","types":["image/*"],"maxSize":5}}',
      ROCKPOOL_SERVICE_ROLE: 'true',
      ROCKPOOL_CONFIRM_UPLOADS: 'true',
    })
    expect(config).toMatchObject({
      tokens: { kind: 'jwks', url: 'https://id.example/keys', issuer: 'https://id.example', audience: 'rockpool' },
      origins: ['https://a.example', 'http://localhost:5173'],
      publicBaseUrl: 'https://files.example/signer',
      cdnBaseUrl: 'https://cdn.example',
      buckets: { photos: { access: 'public', types: ['image/*'], maxSize: 5 } },
      serviceRole: true,
      confirmUploads: true,
    })
    const rotating = readSignerConfig({ ...local, ROCKPOOL_JWT_SECRET_FORMER: `${SECRET}!` })
    expect(rotating.tokens).toMatchObject({ secrets: [SECRET, `${SECRET}!`] })
  })
})

test.each([
  ['ROCKPOOL_JWT_SECRET', { ...local, ROCKPOOL_JWT_SECRET: undefined }],
  ['ROCKPOOL_JWT_SECRET', { ...local, ROCKPOOL_JWT_SECRET: '  ' }],
  ['ROCKPOOL_JWT_SECRET', { ...local, ROCKPOOL_JWT_SECRET: 'short' }],
  ['ROCKPOOL_JWT_SECRET_FORMER', { ...local, ROCKPOOL_JWT_SECRET_FORMER: 'short' }],
  ['ROCKPOOL_JWKS_URL', { ...local, ...jwks }],
  ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'http://id.example/keys' }],
  ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'keys' }],
  ['ROCKPOOL_JWT_ISSUER', { ...jwks, ROCKPOOL_JWT_ISSUER: '' }],
  ['ROCKPOOL_JWT_AUDIENCE', { ...jwks, ROCKPOOL_JWT_AUDIENCE: undefined }],
  ['ARTIFACT_BUCKET', { ...s3, ARTIFACT_BUCKET: undefined }],
  ['ARTIFACT_ENDPOINT', { ...s3, ARTIFACT_ENDPOINT: '127.0.0.1:7480' }],
  ['ARTIFACT_ENDPOINT', { ...s3, ARTIFACT_ENDPOINT: 'http://user:password@s3.example' }],
  ['ARTIFACT_SECRET_KEY', { ...s3, ARTIFACT_ACCESS_KEY: 'key' }],
  ['ARTIFACT_ACCESS_KEY', { ...s3, ARTIFACT_SECRET_KEY: 'hidden' }],
  ['ARTIFACT_FORCE_PATH_STYLE', { ...s3, ARTIFACT_FORCE_PATH_STYLE: 'yes' }],
  ['ROCKPOOL_ALLOWED_ORIGINS', { ...local, ROCKPOOL_ALLOWED_ORIGINS: '*' }],
  ['ROCKPOOL_ALLOWED_ORIGINS', { ...local, ROCKPOOL_ALLOWED_ORIGINS: 'https://a.example/' }],
  ['ROCKPOOL_PUBLIC_BASE_URL', { ...local, ROCKPOOL_PUBLIC_BASE_URL: '/signer' }],
  ['ROCKPOOL_PUBLIC_BASE_URL', { ...local, ROCKPOOL_PUBLIC_BASE_URL: 'https://a.example/?x=1' }],
  ['ROCKPOOL_BUCKETS', { ...local, ROCKPOOL_BUCKETS: 'photos' }],
  ['ROCKPOOL_BUCKETS', { ...local, ROCKPOOL_BUCKETS: '{}' }],
  ['ROCKPOOL_BUCKETS', { ...local, ROCKPOOL_BUCKETS: '{"photos":{"access":"all"}}' }],
  ['ROCKPOOL_SERVICE_ROLE', { ...local, ROCKPOOL_SERVICE_ROLE: 'maybe' }],
  ['ROCKPOOL_LONGEST_SHARE', { ...local, ROCKPOOL_LONGEST_SHARE: '604801' }],
  ['ROCKPOOL_GATEWAY', { ...local, ROCKPOOL_GATEWAY: 'on' }],
  ['ROCKPOOL_CONFIRM_UPLOADS', { ...local, ROCKPOOL_CONFIRM_UPLOADS: 'on' }],
])('wrong or missing: %s', (name, env) => {
  expect(() => readAll({ ARTIFACT_BUCKET: 'reef', ...env })).toThrow(new RegExp(`^${name}: [^\\n]+\\.$`))
})

test('whatever the values, it is a configuration or one line that holds no secret', () => {
  const names = Object.keys({ ...local, ...s3, ...jwks, ARTIFACT_SECRET_KEY: '', ROCKPOOL_BUCKETS: '' })
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('local', 'https://a.example/x', 'a\nb', 's3', 'true', '{}', SECRET),
  )
  fc.assert(
    fc.property(fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] }), (env) => {
      try {
        expect(readAll(env)).toHaveProperty('tokens')
      } catch (error) {
        const { message } = error as Error
        expect(message).toMatch(/^[A-Z0-9_]+: .+\.$/)
        for (const name of ['ROCKPOOL_JWT_SECRET', 'ARTIFACT_SECRET_KEY']) {
          const secret = env[name]
          if (secret !== undefined && secret.length > 20) expect(message).not.toContain(secret)
        }
      }
    }),
  )
})
