/** Each check of the doctor is seen to agree on the real S3, and to complain of one that is wrong in that respect alone. */
import { CopyObjectCommand, ListMultipartUploadsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { openS3Store } from '@rockpool/object-store/s3'
import type { Serving } from '@rockpool/object-store/testing'
import { sha256, toHex } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientOf, createdBucket } from '@rockpool/object-store/testing'
import { examine } from './doctor.ts'
import { initBucket } from './init.ts'
import { type Lie, s3Error, serveLyingVendor } from '../testing/lying-vendor.ts'
import type { Check } from './probes.ts'

const ORIGINS = ['https://app.example.com', 'http://127.0.0.1:5173']

type Bucket = Awaited<ReturnType<typeof createdBucket>>

const diagnosis = async (s3: Bucket) => {
  const checks: Check[] = []
  const healthy = await examine({ s3, origins: ORIGINS }, (check) => checks.push(check))
  const of = (verdict: string) => checks.filter((check) => check.verdict === verdict).map(({ name }) => name)
  return { checks, healthy, ok: of('ok'), warn: of('warn'), fail: of('fail') }
}

/** What Ceph 16 takes although nobody signed it. */
const CEPH_TAKES = ['unsigned grant', 'unsigned copy, empty upload', 'unsigned metadata']
const ALL = [
  'integrity',
  'digest',
  'length, more',
  'length, less',
  'type',
  'upload',
  'anonymous read',
  'If-None-Match',
  'unsigned public ACL',
  'unsigned grant',
  'unsigned copy',
  'unsigned copy, empty upload',
  'unsigned copy, part',
  'unsigned metadata',
  'unsigned content-encoding',
  '404 for a missing key',
  'clock skew',
  ...ORIGINS.map((origin) => `CORS from ${origin}`),
  'lifecycle',
  'versioning',
]

test('before init, and after', async () => {
  const s3 = await createdBucket('server')
  const before = await diagnosis(s3)
  expect(before.checks.map(({ name }) => name)).toEqual(ALL)
  const cors = ORIGINS.map((origin) => `CORS from ${origin}`)
  expect([before.healthy, before.fail, before.warn]).toEqual([
    false,
    ['unsigned public ACL', ...cors],
    [...CEPH_TAKES, 'lifecycle'],
  ])
  for (const { verdict, detail } of before.checks)
    if (verdict === 'fail') expect(detail).toContain('rockpool-server init')

  await initBucket({ s3, origins: ORIGINS, create: false, dryRun: false }, () => {})
  const after = await diagnosis(s3)
  expect([after.healthy, after.fail, after.warn]).toEqual([true, [], CEPH_TAKES])
  await nothingLeft(s3)
})

describe('a vendor that is wrong in one respect', () => {
  let s3: Bucket
  let client: S3Client
  const open: Serving[] = []
  beforeAll(async () => {
    s3 = await createdBucket('server')
    client = clientOf(s3)
    await initBucket({ s3, origins: ORIGINS, create: false, dryRun: false }, () => {})
  })
  afterAll(async () => {
    for (const serving of open) await serving.close()
    client.destroy()
  })

  const behind = async (lie: Lie): Promise<Bucket> => {
    const serving = await serveLyingVendor(s3.endpoint, lie)
    open.push(serving)
    return { ...s3, endpoint: serving.url }
  }

  /** Only the doctor's own uploads: a bucket that fails the probe at the opening gets no further. */
  const isPut = ({ method, key, query }: Parameters<Lie>[0]) =>
    method === 'PUT' && key.startsWith('tmp/doctor-') && query.has('X-Amz-Signature')
  const isWhole = ({ query }: Parameters<Lie>[0]) => !query.has('partNumber')

  /** Keeps what S3 would refuse, when `wrong` says so. */
  const keeping =
    (wrong: (call: Parameters<Lie>[0]) => boolean | Promise<boolean>): Lie =>
    async (call, truth) => {
      if (!isPut(call) || !isWhole(call) || !(await wrong(call))) return truth()
      await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: call.key, Body: call.body }))
      return new Response(null, { status: 200, headers: { etag: '"e"' } })
    }
  const differs = async (call: Parameters<Lie>[0]) =>
    call.headers.get('x-amz-content-sha256') !== toHex(await sha256(call.body))
  const LENGTH = 36

  const copying: Lie = async (call, truth) => {
    const source = call.headers.get('x-amz-copy-source')
    if (source === null || call.body.length === 0 || !isPut(call) || !isWhole(call)) return truth()
    await client.send(new CopyObjectCommand({ Bucket: s3.bucket, Key: call.key, CopySource: source }))
    return new Response('<CopyObjectResult/>')
  }

  /** A part copy as Ceph makes it for whoever signs the header. */
  const copyingParts: Lie = async (call, truth) => {
    const source = call.headers.get('x-amz-copy-source')
    if (source === null || !isPut(call) || isWhole(call)) return truth()
    const [, key] = /^[^/]+\/(.*)$/.exec(source)!
    const store = await openS3Store(s3)
    const size = (await store.head(key!)).size
    const body = await new Response((await store.get(key!)).body).bytes()
    const uploadId = call.query.get('uploadId')!
    await store.multipart.putPart(call.key, uploadId, 1, body, { size, sha256: await sha256(body) })
    await store.close()
    return new Response('<CopyPartResult/>')
  }

  const withHeaders = async (answer: Promise<Response>, change: (headers: Headers) => void): Promise<Response> => {
    const { status, headers, body } = await answer
    const changed = new Headers(headers)
    change(changed)
    return new Response(body, { status, headers: changed })
  }

  const corsLess =
    (name: string, item: string): Lie =>
    async (_, truth) =>
      withHeaders(truth(), (headers) => {
        const items = headers.get(name)?.split(',') ?? []
        headers.set(name, items.filter((text) => text.trim().toLowerCase() !== item.toLowerCase()).join(','))
      })

  const CASES: readonly (readonly [string, 'warn' | 'fail', readonly string[], Lie])[] = [
    ['keeps other bytes', 'fail', ['digest'], keeping(async (call) => call.body.length === LENGTH && differs(call))],
    ['keeps more bytes', 'fail', ['length, more'], keeping(({ body }) => body.length > LENGTH && body.at(-1) === 1)],
    ['keeps fewer bytes', 'fail', ['length, less'], keeping(({ body }) => body.length === LENGTH - 1)],
    ['takes another type', 'fail', ['type'], keeping(({ headers }) => headers.get('content-type') === 'text/html')],
    [
      'refuses what was signed',
      'fail',
      ['upload'],
      async (call, truth) => {
        const answer = await truth()
        return isPut(call) && answer.ok && call.body.length === LENGTH ? s3Error(403, 'AccessDenied') : answer
      },
    ],
    [
      'writes twice',
      'warn',
      ['If-None-Match'],
      async (call, truth) => {
        const answer = await truth()
        return answer.status === 412 ? new Response(null) : answer
      },
    ],
    [
      'lets anybody read',
      'fail',
      ['anonymous read', 'unsigned public ACL'],
      async (call, truth) => {
        const signed = call.presigned || call.headers.has('authorization')
        return call.method === 'GET' && !signed ? new Response('read') : truth()
      },
    ],
    ['copies for whoever uploads', 'fail', ['unsigned copy'], copying],
    ['copies parts for whoever uploads', 'fail', ['unsigned copy, part'], copyingParts],
    [
      'tells readers of an encoding',
      'warn',
      ['unsigned content-encoding'],
      (() => {
        const encoded = new Set<string>()
        return async (call, truth) => {
          if (call.headers.has('content-encoding')) encoded.add(call.key)
          if (call.method !== 'GET' || !encoded.has(call.key)) return truth()
          return withHeaders(truth(), (headers) => headers.set('content-encoding', 'gzip'))
        }
      })(),
    ],
    [
      'hides what is missing',
      'warn',
      ['404 for a missing key'],
      async (call, truth) => {
        const answer = await truth()
        return call.presigned && answer.status === 404 && !call.headers.has('origin')
          ? s3Error(403, 'AccessDenied')
          : answer
      },
    ],
    [
      'allows browsers no PUT',
      'fail',
      ORIGINS.map((origin) => `CORS from ${origin}`),
      corsLess('access-control-allow-methods', 'PUT'),
    ],
    [
      'allows browsers one header less',
      'fail',
      ORIGINS.map((origin) => `CORS from ${origin}`),
      corsLess('access-control-allow-headers', 'x-amz-content-sha256'),
    ],
    [
      'shows browsers no ETag',
      'fail',
      ORIGINS.map((origin) => `CORS from ${origin}`),
      corsLess('access-control-expose-headers', 'ETag'),
    ],
    [
      'answers one origin only',
      'fail',
      [`CORS from ${ORIGINS[1]}`],
      async (call, truth) =>
        call.headers.get('origin') === ORIGINS[1]
          ? withHeaders(truth(), (headers) => headers.delete('access-control-allow-origin'))
          : truth(),
    ],
    [
      'does not tell its lifecycle',
      'warn',
      ['lifecycle'],
      async (call, truth) => (call.query.has('lifecycle') ? s3Error(501, 'NotImplemented') : truth()),
    ],
    [
      'lacks one of the lifecycle rules',
      'warn',
      ['lifecycle'],
      async (call, truth) => {
        const answer = await truth()
        if (!call.query.has('lifecycle')) return answer
        const xml = await answer.text()
        return new Response(xml.replace(/<Rule><ID>rockpool-delete-markers<.*?<\/Rule>/s, ''))
      },
    ],
    [
      'does not tell its versioning',
      'warn',
      ['versioning'],
      async (call, truth) => (call.query.has('versioning') ? s3Error(501, 'NotImplemented') : truth()),
    ],
    [
      'has another time',
      'warn',
      ['clock skew'],
      async (_, truth) =>
        withHeaders(truth(), (headers) => headers.set('date', new Date(Date.now() + 120_000).toUTCString())),
    ],
  ]

  test.each(CASES)('%s: %s', async (_, verdict, names, lie) => {
    const { healthy, checks, ...by } = await diagnosis(await behind(lie))
    const others = verdict === 'warn' ? by.fail : by.warn.filter((name) => !CEPH_TAKES.includes(name))
    expect(by[verdict].filter((name) => !CEPH_TAKES.includes(name))).toEqual(names)
    expect(others).toEqual([])
    expect(checks.map(({ name }) => name)).toEqual(ALL)
    expect(healthy).toBe(verdict === 'warn')
    await nothingLeft(s3)
  })

  test('to all uploads: it ends at the opening', async () => {
    const lie: Lie = async (call, truth) =>
      call.method === 'PUT' && call.presigned ? new Response(null, { headers: { etag: '"e"' } }) : truth()
    const { checks } = await diagnosis(await behind(lie))
    expect(checks).toEqual([{ name: 'integrity', verdict: 'fail', detail: expect.stringContaining('SHA-256') }])
  })

  test('and one that refuses what nobody signed, as AWS does: nothing to say', async () => {
    const lie: Lie = async (call, truth) => {
      const signed = (call.query.get('X-Amz-SignedHeaders') ?? '').split(';')
      const unsigned = [...call.headers.keys()].some((name) => name.startsWith('x-amz-') && !signed.includes(name))
      return call.presigned && unsigned ? s3Error(403, 'AccessDenied') : truth()
    }
    const { healthy, checks } = await diagnosis(await behind(lie))
    expect([healthy, checks.filter(({ verdict }) => verdict !== 'ok')]).toEqual([true, []])
  })
})

test('what cannot be reached or entered is one line', async () => {
  const s3 = await createdBucket('server')
  const nowhere = await diagnosis({ ...s3, endpoint: 'http://127.0.0.1:1' })
  expect(nowhere.checks).toEqual([{ name: 'integrity', verdict: 'fail', detail: expect.any(String) }])
  expect((await diagnosis({ ...s3, secretKey: 'a secret that is wrong' })).healthy).toBe(false)
})

const nothingLeft = async (s3: Bucket) => {
  const store = await openS3Store(s3)
  const client = clientOf(s3)
  expect((await store.list('')).objects).toEqual([])
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
  expect(Uploads).toEqual([])
  client.destroy()
  await store.close()
}
