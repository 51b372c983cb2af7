import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  GetBucketAclCommand,
  GetBucketVersioningCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectAclCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { openS3Store } from '@rockpool/object-store/s3'
import type { Serving } from '@rockpool/object-store/testing'
import { sha256 } from '@rockpool/protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { TOKEN_SECRET } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'
import { clientOf, createdBucket, environmentOfBucket, testBucket } from '@rockpool/object-store/testing'
import { WANTED_LIFECYCLE } from './bucket-settings.ts'
import { corsOf, initBucket, type InitStep, lifecycleOf, publicAccessBlockOf } from './init.ts'
import { type Lie, s3Error, serveLyingVendor } from '../testing/lying-vendor.ts'

const vendors: Serving[] = []
const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-init-'))
afterAll(async () => {
  await endAll()
  await rm(dataDir, { recursive: true })
  for (const vendor of vendors) await vendor.close()
})

const origins = ['https://app.example.com', 'http://127.0.0.1:5173']
const STEPS = ['bucket', 'CORS', 'tmp', 'incomplete uploads', 'noncurrent versions', 'delete markers', 'public access']

type Bucket = ReturnType<typeof testBucket>

const init = async (s3: Bucket, options: Partial<Parameters<typeof initBucket>[0]> = {}) => {
  const steps: InitStep[] = []
  const ended = initBucket({ s3, origins, create: false, dryRun: false, ...options }, (step) => steps.push(step))
  const error = await ended.then(
    () => undefined,
    (cause: Error) => cause.message,
  )
  return { steps, error, outcomes: steps.map(({ outcome }) => outcome) }
}
const all = (outcome: InitStep['outcome']) => STEPS.map(() => outcome)

/** All that init may set, as S3 tells it. */
const settings = async (client: S3Client, Bucket: string) => ({
  cors: await corsOf(client, Bucket),
  lifecycle: await lifecycleOf(client, Bucket),
  publicAccess: await publicAccessBlockOf(client, Bucket),
  versioning: (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status,
  grants: (await client.send(new GetBucketAclCommand({ Bucket }))).Grants,
})

test('creates, sets up all, and run again changes nothing', async () => {
  const s3 = testBucket('server')
  expect((await init(s3)).error).toContain('--create-bucket')
  expect(await init(s3, { create: true, dryRun: true })).toMatchObject({
    error: undefined,
    outcomes: all('would be done'),
  })
  expect((await init(s3)).error).toContain('--create-bucket')
  const first = await init(s3, { create: true })
  expect(first).toMatchObject({ error: undefined, outcomes: all('done') })
  expect(first.steps.map(({ what }) => what)).toEqual(STEPS.map((step) => expect.stringContaining(step)))
  expect(await init(s3, { create: true })).toMatchObject({ error: undefined, outcomes: all('was so') })
})

const rule = { ID: 'mine', Status: 'Enabled' as const, Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }
const corsRule = { ID: 'mine', AllowedOrigins: ['https://other.example'], AllowedMethods: ['GET'] }

/** A bucket that somebody else has set up. */
const foreignBucket = async () => {
  const s3 = await createdBucket('server')
  const client = clientOf(s3)
  const Bucket = s3.bucket
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }))
  await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [corsRule] } }))
  const PublicAccessBlockConfiguration = { BlockPublicPolicy: true }
  await client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }))
  return { s3, client }
}

test('--dry-run on a bucket that is there changes nothing', async () => {
  const { s3, client } = await foreignBucket()
  const before = await settings(client, s3.bucket)
  expect(before).toMatchObject({
    cors: [{ ID: 'mine' }],
    lifecycle: [{ ID: 'mine' }],
    publicAccess: { BlockPublicPolicy: true },
  })
  expect((await init(s3, { dryRun: true })).outcomes).toEqual(['was so', ...all('would be done').slice(1)])
  expect(await settings(client, s3.bucket)).toEqual(before)
  client.destroy()
})

test("others' rules stay", async () => {
  const { s3, client } = await foreignBucket()
  await init(s3)
  const { cors, lifecycle, publicAccess } = await settings(client, s3.bucket)
  expect(cors.map(({ ID }) => ID).sort()).toEqual(['mine', 'rockpool-cors'])
  expect(lifecycle.map(({ ID }) => ID).sort()).toEqual([
    'mine',
    'rockpool-delete-markers',
    'rockpool-incomplete-uploads',
    'rockpool-noncurrent-versions',
    'rockpool-tmp',
  ])
  expect(publicAccess).toMatchObject({ IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true })
  client.destroy()
})

test('public access: what anybody could read is closed, and what is uploaded after it', async () => {
  const s3 = await createdBucket('server')
  const client = clientOf(s3)
  const store = await openS3Store(s3)
  const body = new TextEncoder().encode('for some')
  const anonymously = async (key: string) => (await fetch(`${s3.endpoint}/${s3.bucket}/${key}`)).status
  const publish = async (key: string) => {
    const bytes = { size: body.length, sha256: await sha256(body) }
    const { url, headers } = await store.signPut({ key, type: 'text/plain', expiresIn: 60, ...bytes })
    const put = await fetch(url, { method: 'PUT', body, headers: { ...headers, 'x-amz-acl': 'public-read' } })
    expect(put.status).toBe(200)
  }
  await store.put('private', body, { size: body.length })
  await publish('before')
  expect([await anonymously('private'), await anonymously('before')]).toEqual([403, 200])
  await init(s3)
  expect(await anonymously('before')).toBe(403)
  await publish('after')
  await client.send(new PutObjectAclCommand({ Bucket: s3.bucket, Key: 'private', ACL: 'public-read' }))
  expect([await anonymously('private'), await anonymously('after')]).toEqual([403, 403])
  client.destroy()
  await store.close()
})

describe('a vendor that lacks a setting', () => {
  const behind = async (s3: Bucket, lie: Lie): Promise<Bucket> => {
    const vendor = await serveLyingVendor(s3.endpoint, lie)
    vendors.push(vendor)
    return { ...s3, endpoint: vendor.url }
  }
  const answering =
    (setting: string, error: () => Response, when = (_: string) => true): Lie =>
    async ({ method, query, body }, truth) =>
      method !== 'OPTIONS' && query.has(setting) && when(new TextDecoder().decode(body)) ? error() : truth()
  const notImplemented = () => s3Error(501, 'NotImplemented')
  const letIn =
    (lie: Lie): Lie =>
    async (call, truth) => {
      const allowed = {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': '*',
        'access-control-allow-headers': '*',
        'access-control-expose-headers': '*',
      }
      return call.headers.has('origin') ? new Response(null, { headers: allowed }) : lie(call, truth)
    }

  test('CORS: the other steps go on, then it is an error that browsers are kept out', async () => {
    const vendor = await behind(await createdBucket('server'), answering('cors', notImplemented))
    const { outcomes, steps, error } = await init(vendor)
    expect(outcomes).toEqual(['was so', 'unsupported', ...all('done').slice(2)])
    expect(steps[1]!.note).toMatch(/^S3 says NotImplemented; browsers/)
    expect(error).toContain('https://app.example.com')
    expect((await init(vendor, { origins: [] })).error).toBeUndefined()
  })

  test('CORS, but its own configuration lets browsers in: no error', async () => {
    const vendor = await behind(await createdBucket('server'), letIn(answering('cors', notImplemented)))
    expect(await init(vendor)).toMatchObject({
      outcomes: ['was so', 'unsupported', ...all('done').slice(2)],
      error: undefined,
    })
  })

  test.each([
    ['lifecycle', ['done', 'unsupported', 'unsupported', 'unsupported', 'unsupported', 'done']],
    ['publicAccessBlock', ['done', 'done', 'done', 'done', 'done', 'unsupported']],
  ] as const)('%s: told what it means, no error', async (setting, outcomes) => {
    const vendor = await behind(await createdBucket('server'), answering(setting, notImplemented))
    const told = await init(vendor)
    expect(told).toMatchObject({ outcomes: ['was so', ...outcomes], error: undefined })
    for (const { outcome, note } of told.steps) expect(note !== undefined).toBe(outcome === 'unsupported')
  })

  test.each([
    ['incomplete uploads', '<AbortIncomplete', 'rockpool-incomplete-uploads'],
    ['delete markers', '<ExpiredObjectDeleteMarker', 'rockpool-delete-markers'],
  ])('%s: the other rules of its lifecycle are set, and were so the next time', async (name, element, id) => {
    const malformed = () => s3Error(400, 'MalformedXML')
    const s3 = await createdBucket('server')
    const vendor = await behind(
      s3,
      answering('lifecycle', malformed, (xml) => xml.includes(element)),
    )
    const at = STEPS.indexOf(name)
    expect((await init(vendor)).outcomes).toEqual(['was so', ...all('done').slice(1)].with(at, 'unsupported'))
    const again = await init(vendor)
    expect(again).toMatchObject({ outcomes: all('was so').with(at, 'unsupported'), error: undefined })
    expect(again.steps[at]!.note).toContain('by hand')
    const client = clientOf(s3)
    const ids = (await lifecycleOf(client, s3.bucket)).map(({ ID }) => ID)
    expect(ids.sort()).toEqual(
      WANTED_LIFECYCLE.map(({ rule }) => rule.ID)
        .filter((each) => each !== id)
        .sort(),
    )
    client.destroy()
  })

  test('told in its own words, so that a refusal of these rules can be told from a setting it lacks', async () => {
    const message = 'Filter element can only be used in Lifecycle V2.\n'
    const refusing = answering(
      'lifecycle',
      () => s3Error(400, 'InvalidRequest', message),
      (xml) => xml !== '',
    )
    const { steps, error } = await init(await behind(await createdBucket('server'), refusing))
    expect(error).toBeUndefined()
    for (const { outcome, note } of steps.filter(({ what }) => what.startsWith('lifecycle'))) {
      expect(outcome).toBe('unsupported')
      expect(note).toMatch(/^S3 says InvalidRequest: Filter element can only be used in Lifecycle V2; /)
    }
  })

  test('all of them, on the command line', async () => {
    const lie: Lie = async (call, truth) =>
      ['cors', 'lifecycle', 'publicAccessBlock'].some((name) => call.query.has(name)) ? notImplemented() : truth()
    const [open, shut] = [
      await behind(await createdBucket('server'), letIn(lie)),
      await behind(await createdBucket('server'), lie),
    ]
    const opened = await runServer(['init'], { env: environment(open) }).ended
    expect([opened.code, opened.complaint]).toEqual([0, ''])
    expect(opened.output).toMatch(/^unsupported +CORS for .*\n +S3 says NotImplemented; browsers/m)
    const kept = await runServer(['init'], { env: environment(shut) }).ended
    expect([kept.code, kept.complaint]).toEqual([1, expect.stringContaining('takes no CORS')])
    expect(kept.output.match(/^unsupported/gm)).toHaveLength(6)
  })

  test('a refusal is an error at once', async () => {
    const vendor = await behind(
      await createdBucket('server'),
      answering('lifecycle', () => s3Error(403, 'AccessDenied')),
    )
    expect(await init(vendor)).toMatchObject({ outcomes: ['was so', 'done'], error: 'AccessDenied' })
  })
})

test('credentials that may not enter', async () => {
  const stranger = { ...(await createdBucket('server')), secretKey: 'a secret that is wrong' }
  expect((await init(stranger, { create: true })).error).toContain('credentials')
})

const environment = (bucket: Bucket) => ({
  ...environmentOfBucket(bucket),
  ROCKPOOL_STORE: 's3',
  ROCKPOOL_DATA_DIR: dataDir,
  ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
  ROCKPOOL_ALLOWED_ORIGINS: origins.join(','),
})

test('on the command line', async () => {
  const s3 = testBucket('server')
  const env = environment(s3)
  const dry = await runServer(['init', '--create-bucket', '--dry-run'], { env: env }).ended
  expect([dry.code, dry.output]).toEqual([0, expect.stringMatching(/^would be done +S3 bucket/m)])
  expect((await runServer(['doctor'], { env: env }).ended).code).toBe(1)
  expect((await runServer(['init', '--create-bucket'], { env: env }).ended).code).toBe(0)
  const doctor = await runServer(['doctor'], { env: env }).ended
  expect([doctor.code, doctor.output]).toEqual([0, expect.stringMatching(/^ok +integrity +mode \w+/m)])
  expect(`${dry.output}${doctor.output}${doctor.complaint}`).not.toContain(s3.secretKey)
  const bad = await runServer(['init', '--force'], { env: env }).ended
  expect([bad.code, bad.complaint]).toEqual([2, expect.stringContaining('--force')])
})
