import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ConfigError } from './config-error.ts'
import { loadConfig, loadSources } from './load-config.ts'
import { SETTINGS } from './settings.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const S3_KEYS = { ARTIFACT_ACCESS_KEY: 'key', ARTIFACT_SECRET_KEY: 'the secret key of S3' }

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'rockpool-config-'))
  await writeFile(join(cwd, 'secret'), `${SECRET}\n`)
  await writeFile(join(cwd, 'empty'), '\n')
})
afterAll(() => rm(cwd, { recursive: true, force: true }))
beforeEach(() => rm(join(cwd, 'rockpool.yaml'), { force: true }))

const load = async (env: Readonly<Record<string, string>>, yaml?: string) => {
  if (yaml !== undefined) await writeFile(join(cwd, 'rockpool.yaml'), yaml)
  return loadConfig({ env, cwd })
}

test('the least is a secret: one folder, on this machine', async () => {
  expect(await load({ ROCKPOOL_JWT_SECRET: SECRET })).toMatchObject({
    store: { mode: 'local', dataDir: '/data/storage' },
    dataDir: '/data/storage',
    signer: { tokens: { kind: 'secret', secrets: [SECRET] }, buckets: { files: { access: 'store' } } },
    receiptSecrets: [SECRET],
    publicUrl: undefined,
    host: '127.0.0.1',
    port: 8787,
    warnings: [],
  })
})

test('the file in the working folder counts, the environment counts over it', async () => {
  const yaml = `
    server: { port: 9000, public_url: https://files.example/ }
    storage: { local: { path: ./data } }
    auth: { jwt_secret_file: secret }
    buckets: { photos: { access: owner, max_size: 10 } }
  `
  expect(await load({ PORT: '9001' }, yaml)).toMatchObject({
    dataDir: join(cwd, 'data'),
    publicUrl: 'https://files.example',
    port: 9001,
    signer: { buckets: { photos: { access: 'owner', maxSize: 10 } }, tokens: { secrets: [SECRET] } },
  })
})

test('a secret may stand in a file of its own', async () => {
  const config = await load({ ROCKPOOL_JWT_SECRET_FILE: 'secret' })
  expect(config.signer.tokens).toMatchObject({ secrets: [SECRET] })
})

test('the level of the log', async () => {
  expect(await load({ ROCKPOOL_JWT_SECRET: SECRET })).toMatchObject({ logLevel: 'info' })
  expect(await load({ ROCKPOOL_JWT_SECRET: SECRET }, 'log: { level: debug }')).toMatchObject({ logLevel: 'debug' })
  await expect(load({ ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_LOG_LEVEL: 'verbose' })).rejects.toThrow(
    /^ROCKPOOL_LOG_LEVEL: it is debug, info, warn, error\./,
  )
})

test('S3 with an endpoint for browsers', async () => {
  const { store } = await load(
    { ROCKPOOL_JWT_SECRET: SECRET, ...S3_KEYS },
    'storage: { backend: s3, s3: { endpoint: http://s3:9000, public_endpoint: https://s3.example, bucket: reef, use_path_style: true } }',
  )
  expect(store).toEqual({
    mode: 's3',
    s3: {
      endpoint: 'http://s3:9000',
      publicEndpoint: 'https://s3.example',
      region: 'us-east-1',
      bucket: 'reef',
      accessKey: 'key',
      secretKey: 'the secret key of S3',
      forcePathStyle: true,
    },
  })
})

test('an old name of the path warns', async () => {
  const config = await load({ ROCKPOOL_JWT_SECRET: SECRET }, 'avatar: { storage_path: /srv/avatars }')
  expect(config).toMatchObject({ dataDir: '/srv/avatars', store: { dataDir: '/srv/avatars' } })
  expect(config.warnings).toEqual([
    expect.stringMatching(/^avatar\.storage_path in .*Rename it to storage\.local\.path\.$/),
  ])
})

test('says where each setting comes from', async () => {
  await writeFile(join(cwd, 'rockpool.yaml'), 'server: { port: 9000 }')
  const { settings } = loadSources({ env: { ROCKPOOL_JWT_SECRET: SECRET }, cwd })
  expect(settings.map(({ setting, source }) => [setting.key, source])).toEqual([
    ['server.port', `server.port in ${join(cwd, 'rockpool.yaml')}`],
    ['auth.jwt_secret', 'ROCKPOOL_JWT_SECRET'],
  ])
})

const secret = { ROCKPOOL_JWT_SECRET: SECRET }
const s3 = { ...secret, ...S3_KEYS, ROCKPOOL_STORE: 's3' }
const jwks = {
  ROCKPOOL_JWKS_URL: 'https://id.example/keys',
  ROCKPOOL_JWT_ISSUER: 'https://id.example',
  ROCKPOOL_JWT_AUDIENCE: 'rockpool',
}

describe('missing, wrong or contradictory: one line that says what to do', () => {
  test.each<[string, Record<string, string>, string?]>([
    ['There is no configuration.*Run: rockpool-server', {}],
    ['ROCKPOOL_JWT_SECRET \\(auth.jwt_secret\\): set it', { PORT: '80' }],
    ['ROCKPOOL_JWT_SECRET: a secret has at least 32 bytes', { ROCKPOOL_JWT_SECRET: 'short' }],
    ['auth.jwt_secret in .*: a secret has at least', {}, 'auth: { jwt_secret: short }'],
    ['auth.jwt_secret_file in .*/missing cannot be read \\(ENOENT\\)', {}, 'auth: { jwt_secret_file: missing }'],
    ['auth.jwt_secret_file in .*/empty is empty', {}, 'auth: { jwt_secret_file: empty }'],
    ['auth.jwt_secret in .*: set it or auth.jwt_secret_file', {}, `auth: { jwt_secret: x, jwt_secret_file: secret }`],
    ['ROCKPOOL_JWT_SECRET: set it or ROCKPOOL_JWT_SECRET_FILE', { ...secret, ROCKPOOL_JWT_SECRET_FILE: 'secret' }],
    ['ROCKPOOL_JWT_SECRET_FILE: the file', { ROCKPOOL_JWT_SECRET_FILE: 'missing' }],
    ['ROCKPOOL_JWKS_URL: set it or ROCKPOOL_JWT_SECRET', { ...secret, ...jwks }],
    ['auth.jwks_url in .*: it is an https URL', {}, 'auth: { jwks_url: http://id.example, issuer: a, audience: b }'],
    ['ROCKPOOL_JWT_ISSUER \\(auth.issuer\\): is needed', { ...jwks, ROCKPOOL_JWT_ISSUER: '' }],
    ['ROCKPOOL_JWT_AUDIENCE \\(auth.audience\\): is needed', { ...jwks, ROCKPOOL_JWT_AUDIENCE: '' }],
    [
      'ROCKPOOL_RECEIPT_SECRET \\(auth.receipt_secret\\): is needed',
      { ...secret, ROCKPOOL_RECEIPT_SECRET_FORMER: SECRET },
    ],
    ['ROCKPOOL_STORE: it is local, s3 or hybrid', { ...secret, ROCKPOOL_STORE: 'disk' }],
    ['storage.backend in .*: it is local', secret, 'storage: { backend: disk }'],
    ['ARTIFACT_BUCKET \\(storage.s3.bucket\\): is not set', s3],
    ['ARTIFACT_BUCKET: the backend is local', { ...secret, ARTIFACT_BUCKET: 'reef' }],
    ['storage.s3.bucket in .*: the backend is local', secret, 'storage: { s3: { bucket: reef } }'],
    ['ROCKPOOL_CACHE_SIZE: it is for the backend hybrid', { ...secret, ROCKPOOL_CACHE_SIZE: '5' }],
    ['ARTIFACT_ENDPOINT: it is a URL', { ...s3, ARTIFACT_BUCKET: 'reef', ARTIFACT_ENDPOINT: 's3:9000' }],
    ['ARTIFACT_PUBLIC_ENDPOINT: it is a URL', { ...s3, ARTIFACT_BUCKET: 'r', ARTIFACT_PUBLIC_ENDPOINT: 'x' }],
    [
      'ARTIFACT_SECRET_KEY \\(storage.s3.secret_access_key\\): set both',
      { ...s3, ARTIFACT_BUCKET: 'r', ARTIFACT_SECRET_KEY: '' },
    ],
    [
      'ARTIFACT_FORCE_PATH_STYLE: it is true or false',
      { ...s3, ARTIFACT_BUCKET: 'r', ARTIFACT_FORCE_PATH_STYLE: 'yes' },
    ],
    ['ROCKPOOL_PUBLIC_URL \\(server.public_url\\): is not set.*0\\.0\\.0\\.0', { ...secret, HOST: '0.0.0.0' }],
    ['server.public_url in .*: it is a URL', secret, 'server: { public_url: files.example }'],
    ['ROCKPOOL_ALLOWED_ORIGINS: "\\*" is not an exact origin', { ...secret, ROCKPOOL_ALLOWED_ORIGINS: '*' }],
    ['ROCKPOOL_TRUSTED_PROXIES: "proxy" is no address', { ...secret, ROCKPOOL_TRUSTED_PROXIES: 'proxy' }],
    ['PORT: it is a number from 0 to 65535', { ...secret, PORT: '80a' }],
    ['server.port in .*: it is a number from', secret, 'server: { port: 70000 }'],
    ['limits.share_seconds in .*: it is a number', secret, 'limits: { share_seconds: 5 }'],
    ['buckets in .*: photos.access', secret, 'buckets: { photos: { access: all } }'],
    [
      'ROCKPOOL_JWT_SECERT: there is no such variable. Did you mean "ROCKPOOL_JWT_SECRET"',
      { ...secret, ROCKPOOL_JWT_SECERT: 'x' },
    ],
    [
      'ARTIFACT_BUCKETS: there is no such variable. Did you mean "ARTIFACT_BUCKET"',
      { ...secret, ARTIFACT_BUCKETS: 'x' },
    ],
    [
      'ROCKPOOL_PUBLIC_BASE_URL: there is no such variable. Did you mean',
      { ...secret, ROCKPOOL_PUBLIC_BASE_URL: 'https://a.example' },
    ],
    ['ARTIFACT_BUCKET_FILE: there is no such variable', { ...secret, ARTIFACT_BUCKET_FILE: 'x' }],
    ['The configuration file .*/other.yaml cannot be read \\(ENOENT\\)', { ...secret, ROCKPOOL_CONFIG: 'other.yaml' }],
  ])('%s', async (message, env, yaml) => {
    const error: unknown = await load(env, yaml).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).message).toMatch(new RegExp(`^${message}[^\\n]*(?:[.?]|init)$`))
  })
})

test('whatever the environment, it is a configuration or one line without a secret', async () => {
  const plain = fc.oneof(fc.string(), fc.constantFrom('s3', 'hybrid', 'true', '{}', '0.0.0.0', 'https://a.example'))
  const values = SETTINGS.map(
    ({ variable, secret }) => [variable, secret ? fc.oneof(plain, fc.constant(SECRET)) : plain] as const,
  )
  fc.assert(
    fc.property(fc.record(Object.fromEntries(values), { requiredKeys: [] }), (env) => {
      try {
        expect(loadConfig({ env, cwd })).toHaveProperty('store')
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
        const { message } = error as Error
        expect(message).not.toMatch(/[\n\r]/)
        // A message may show a setting that is no secret, whatever it says.
        const shown = new Set(SETTINGS.flatMap(({ secret, variable }) => (secret ? [] : [env[variable]?.trim()])))
        for (const { variable, secret } of SETTINGS) {
          const text = env[variable]?.trim()
          if (secret && text && text.length > 20 && !shown.has(text)) expect(message).not.toContain(text)
        }
      }
    }),
  )
})
