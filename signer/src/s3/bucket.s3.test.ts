import { PutBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3'
import { openS3Store } from '@rockpool/object-store/s3'
import { afterAll, expect, test } from 'vitest'
import { endAll, runSigner } from '../testing/process.ts'
import { clientOf, createdBucket, namedBucket } from '../testing/s3.ts'
import { type Check, examine } from './doctor.ts'
import { corsOf, initBucket, type InitStep, lifecycleOf } from './init.ts'

afterAll(endAll)

const origins = ['https://app.example.com', 'http://127.0.0.1:5173']

const init = async (options: Parameters<typeof initBucket>[0]) => {
  const steps: InitStep[] = []
  await initBucket(options, (step) => steps.push(step))
  return steps.map(({ outcome }) => outcome)
}
const checks = async (options: Parameters<typeof examine>[0]) => {
  const all: Check[] = []
  const healthy = await examine(options, (check) => all.push(check))
  return {
    healthy,
    all,
    of: (verdict: string) => all.filter((check) => check.verdict === verdict).map(({ name }) => name),
  }
}

test('init creates, sets up, and run again changes nothing; then the doctor finds nothing to say', async () => {
  const s3 = namedBucket()
  await expect(init({ s3, origins, create: false, dryRun: false })).rejects.toThrow('--create-bucket')
  expect(await init({ s3, origins, create: true, dryRun: true })).toEqual(
    Array.from({ length: 4 }, () => 'would be done'),
  )
  await expect(init({ s3, origins, create: false, dryRun: false })).rejects.toThrow('--create-bucket')
  expect((await init({ s3, origins, create: true, dryRun: false })).slice(0, 3)).toEqual(['done', 'done', 'done'])
  const again = await init({ s3, origins, create: true, dryRun: false })
  expect(again.filter((outcome) => outcome !== 'was so' && outcome !== 'unsupported')).toEqual([])

  const { healthy, of } = await checks({ s3, origins })
  expect([healthy, of('fail'), of('warn')]).toEqual([true, [], []])
  expect(of('ok')).toEqual([
    'integrity',
    'digest',
    'length, more',
    'length, less',
    'type',
    'upload',
    'If-None-Match',
    '404 for a missing key',
    'clock skew',
    ...origins.map((origin) => `CORS from ${origin}`),
    'lifecycle',
    'versioning',
  ])
  const store = await openS3Store(s3)
  expect((await store.list('')).objects).toEqual([])
  await store.close()
})

test("others' rules stay, and other origins are found out", async () => {
  const s3 = await createdBucket()
  const client = clientOf(s3)
  const rule = { ID: 'mine', Status: 'Enabled' as const, Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }
  await client.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket: s3.bucket, LifecycleConfiguration: { Rules: [rule] } }),
  )
  const before = await checks({ s3, origins })
  expect([before.healthy, before.of('warn')]).toEqual([false, ['lifecycle']])
  await init({ s3, origins: origins.slice(0, 1), create: false, dryRun: false })
  expect((await lifecycleOf(client, s3.bucket)).map(({ ID }) => ID).sort()).toEqual([
    'mine',
    'rockpool-incomplete-uploads',
    'rockpool-noncurrent-versions',
    'rockpool-tmp',
  ])
  expect((await corsOf(client, s3.bucket)).map(({ AllowedOrigins }) => AllowedOrigins)).toEqual([origins.slice(0, 1)])
  client.destroy()
  expect((await checks({ s3, origins })).of('fail')).toEqual([`CORS from ${origins[1]}`])
})

test('what cannot be reached or entered is one line', async () => {
  const s3 = await createdBucket()
  const nowhere = await checks({ s3: { ...s3, endpoint: 'http://127.0.0.1:1' }, origins })
  expect(nowhere.all).toEqual([{ name: 'integrity', verdict: 'fail', detail: expect.any(String) }])
  const stranger = { ...s3, secretKey: 'a secret that is wrong' }
  expect((await checks({ s3: stranger, origins })).healthy).toBe(false)
  await expect(init({ s3: stranger, origins, create: true, dryRun: false })).rejects.toThrow('credentials')
})

test('on the command line', async () => {
  const { endpoint, region, bucket, accessKey, secretKey } = namedBucket()
  const env = {
    ARTIFACT_ENDPOINT: endpoint,
    ARTIFACT_REGION: region,
    ARTIFACT_BUCKET: bucket,
    ARTIFACT_ACCESS_KEY: accessKey,
    ARTIFACT_SECRET_KEY: secretKey,
    ARTIFACT_FORCE_PATH_STYLE: 'true',
    ROCKPOOL_ALLOWED_ORIGINS: origins.join(','),
  }
  const dry = await runSigner(['init', '--create-bucket', '--dry-run'], env).ended
  expect([dry.code, dry.output]).toEqual([0, expect.stringMatching(/^would be done +S3 bucket/)])
  expect((await runSigner(['doctor'], env).ended).code).toBe(1)
  expect((await runSigner(['init', '--create-bucket'], env).ended).code).toBe(0)
  const doctor = await runSigner(['doctor'], env).ended
  expect([doctor.code, doctor.output]).toEqual([0, expect.stringMatching(/^ok +integrity +mode \w+/)])
  expect(`${dry.output}${doctor.output}${doctor.complaint}`).not.toContain(secretKey)
  const bad = await runSigner(['init', '--force'], env).ended
  expect([bad.code, bad.complaint]).toEqual([1, expect.stringContaining('--force')])
})
