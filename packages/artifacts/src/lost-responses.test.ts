import { describe, expect, test } from 'vitest'
import { createArtifacts } from './artifacts.ts'
import { type FakeReply, fakeRuntime } from './testing/fake-runtime.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'
const LOST = new TypeError('fetch failed')
const clients = {
  S3: { s3: { endpoint: 'https://s3.example', region: 'us-east-1', accessKey: 'a', secretKey: 's' } },
  'a server': { server: { url: 'https://files.example/signer', token: 't' } },
}

describe.for(Object.entries(clients))('%s', ([, options]) => {
  const withReplies = (...replies: FakeReply[]) => {
    const runtime = fakeRuntime(replies)
    return { artifacts: createArtifacts(options, runtime), runtime }
  }

  test('of two orchestrators that write the same state, the second one fails', async () => {
    const { artifacts } = withReplies(412, [200, { etag: '"e"' }, '{"step":1}'])
    await expect(artifacts.state(ID).write({ step: 1 }, undefined)).rejects.toMatchObject({ code: 'changed' })
  })

  test('a write of the state whose response was lost is a success', async () => {
    const { artifacts } = withReplies(LOST, 412, [200, { etag: '"e"' }, '{"step":1}'])
    expect(await artifacts.state(ID).write({ step: 1 }, undefined)).toBe('"e"')
  })

  test('the same log of another writer counts for nothing', async () => {
    const { artifacts, runtime } = withReplies(412, 200)
    const log = artifacts.log(ID, 'frames')
    log.append({ message: 'started' })
    await log.flush()
    expect(runtime.requests.map(({ init }) => init.method)).toEqual(['PUT', 'PUT'])
    expect(runtime.requests[1]!.url).toMatch(/-1\.jsonl$/)
  })

  test('a flush that failed writes the same object again, and later lines into the next one', async () => {
    const { artifacts, runtime } = withReplies(LOST, LOST, LOST, LOST, LOST, LOST, 200, 200)
    const log = artifacts.log(ID, 'frames')
    log.append({ i: 1 })
    await expect(log.flush()).rejects.toMatchObject({ code: 'unavailable' })
    log.append({ i: 2 })
    await log.flush()
    const written = runtime.requests.slice(-2)
    expect(written.map(({ init }) => new TextDecoder().decode(init.body as Uint8Array))).toEqual([
      '{"i":1}\n',
      '{"i":2}\n',
    ])
    expect(written.map(({ url }) => url.slice(-8))).toEqual(['-0.jsonl', '-1.jsonl'])
  })
})
