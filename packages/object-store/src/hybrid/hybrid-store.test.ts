import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { buildRemoteKey, hashContent, sha256 } from '@rockpool/protocol'
import { type LocalStore, openLocalStore } from '../local/index.ts'
import { LocalContents } from '../local/local-contents.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { objectStoreSuite } from '../testing/index.ts'
import { type HybridStoreOptions, openHybridStore } from './hybrid-store.ts'
import { type Outage, withOutages } from './outage.test.store.ts'

const SETUP = { publicBaseUrl: 'http://127.0.0.1', secret: 'no URL is signed in this test, none at all' }
const newFolder = () => mkdtemp(join(tmpdir(), 'rockpool-hybrid-'))

describe('by the suite, with a folder in the place of S3', () => {
  const folders: string[] = []
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

  objectStoreSuite('hybrid', async (setup) => {
    folders.push(await newFolder(), await newFolder())
    const [directory, second] = folders as [string, string]
    return openHybridStore({ directory, ...setup, connect: () => openLocalStore({ directory: second, ...setup }) })
  })
})

describe('S3 follows', () => {
  let directory: string
  let remoteFolder: string
  let remote: LocalStore
  let s3: Outage
  let store: ObjectStore | undefined

  beforeEach(async () => {
    directory = await newFolder()
    remoteFolder = await newFolder()
    remote = await openLocalStore({ directory: remoteFolder, ...SETUP })
    s3 = withOutages(remote)
  })
  afterEach(async () => {
    await store?.close()
    store = undefined
    await remote.close()
    for (const folder of [directory, remoteFolder]) await rm(folder, { recursive: true })
  })

  const open = async (options: Partial<HybridStoreOptions> = {}) => {
    const connect = async () => {
      // Asked as S3 is at its start.
      await s3.store.exists('probe')
      return { ...s3.store, multipart: s3.store.multipart, close: async () => {} }
    }
    return (store = await openHybridStore({ directory, ...SETUP, connect, random: () => 0.02, ...options }))
  }

  const put = (to: ObjectStore, key: string, bytes: Uint8Array<ArrayBuffer>) =>
    to.put(key, bytes, { size: bytes.length })
  const bytesOf = async (from: ObjectStore, key: string) => readAll((await from.get(key)).body)
  const hasFollowed = async (hybrid: ObjectStore) => {
    await expect.poll(async () => (await hybrid.checkHealth()).pending, { timeout: 20_000 }).toBe(0)
  }

  const contentKey = async (bytes: Uint8Array<ArrayBuffer>) =>
    buildRemoteKey({ storeId: 's', bucket: 'files', address: (await hashContent([bytes])).address })

  test('an answer at once, durable later', async () => {
    const hybrid = await open()
    s3.down = true
    expect(await put(hybrid, 'a', someBytes(1000))).toMatchObject({ durable: false })
    expect(await hybrid.head('a')).toMatchObject({ durable: false })
    s3.down = false
    await hasFollowed(hybrid)
    expect(await hybrid.head('a')).toMatchObject({ durable: true })
    expectBytes(await bytesOf(remote, 'a'), someBytes(1000))
  })

  test('S3 down from the start: nothing fails, health says so; up again: all follows, also after a restart', async () => {
    s3.down = true
    const first = await open()
    const keys = Array.from({ length: 20 }, (_, i) => `a/${i}`)
    for (const [i, key] of keys.entries()) {
      await first.put(key, someBytes(1000 + i), { size: 1000 + i, ifNoneMatch: '*' })
      expectBytes(await bytesOf(first, key), someBytes(1000 + i))
    }
    const upload = await first.multipart.start('b', { type: 'video/mp4' })
    const bytes = someBytes(500)
    await first.multipart.putPart('b', upload, 1, bytes, { size: 500, sha256: await sha256(bytes) })
    await first.multipart.complete('b', upload, await first.multipart.listParts('b', upload))
    await first.delete('a/0')
    expect(await first.exists('a/0')).toBe(false)
    const health = await first.checkHealth()
    expect(health).toMatchObject({ ok: true, degraded: true, pending: 21 })
    expect(health.error).toContain('S3')
    await first.close()

    const second = await open()
    expect(await second.checkHealth()).toMatchObject({ ok: true, degraded: true, pending: 21 })
    s3.down = false
    await hasFollowed(second)
    expect(await second.checkHealth()).not.toHaveProperty('degraded')
    const there = (await remote.list('')).objects.map((object) => object.key)
    expect(there).toEqual([...keys.slice(1), 'b'].toSorted())
    expect((await second.list('')).objects.map((object) => object.key)).toEqual(there)
  })

  test('a folder that becomes hybrid goes to S3; an S3 that becomes hybrid is seen in the folder', async () => {
    const before = await openLocalStore({ directory, ...SETUP })
    await put(before, 'here', someBytes(10, 1))
    await put(before, 'both', someBytes(10, 2))
    await before.close()
    await put(remote, 'both', someBytes(10, 3))
    await put(remote, 'there', someBytes(10, 4))
    s3.down = true
    const hybrid = await open()
    expect(await hybrid.head('here')).toMatchObject({ durable: false })
    s3.down = false
    await expect.poll(() => hybrid.exists('there'), { timeout: 10_000 }).toBe(true)
    const listed = await hybrid.list('', { limit: 2 })
    expect(listed.objects.map((object) => object.key)).toEqual(['both', 'here'])
    const rest = await hybrid.list('', { limit: 2, cursor: listed.cursor! })
    expect(rest.objects.map((object) => object.key)).toEqual(['there'])
    await hasFollowed(hybrid)
    // The folder is the truth.
    expectBytes(await bytesOf(remote, 'both'), someBytes(10, 2))
    expectBytes(await bytesOf(remote, 'here'), someBytes(10, 1))
    expectBytes(await bytesOf(hybrid, 'there'), someBytes(10, 4))
    const second = hybrid.put('there', someBytes(10), { size: 10, ifNoneMatch: '*' })
    await expect(second).rejects.toMatchObject({ code: 'precondition_failed' })
    s3.down = true
    expect(await hybrid.exists('there')).toBe(true)
    expect(await hybrid.exists('nowhere')).toBe(false)
    await expect(hybrid.head('nowhere')).rejects.toMatchObject({ code: 'not_found' })
    await expect(hybrid.get('there')).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('S3 down and both sides never compared: what is not here is unknown, not lost', async () => {
    await put(remote, 'there', someBytes(10))
    s3.down = true
    const hybrid = await open()
    await expect(hybrid.head('there')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(hybrid.list('')).rejects.toMatchObject({ code: 'unavailable' })
    s3.down = false
    await expect.poll(() => hybrid.exists('there')).toBe(true)
  })

  test('what is read from S3 is kept here, verified', async () => {
    const large = someBytes(9_000_001, 3)
    const key = await contentKey(large)
    const upload = await remote.multipart.start(key, { type: 'video/mp4' })
    for (const [i, part] of [large.slice(0, 8_388_608), large.slice(8_388_608)].entries()) {
      await remote.multipart.putPart(key, upload, i + 1, part, { size: part.length, sha256: await sha256(part) })
    }
    await remote.multipart.complete(key, upload, await remote.multipart.listParts(key, upload))
    const { etag } = await remote.head(key)
    const wrong = await contentKey(someBytes(10, 1))
    await put(remote, wrong, someBytes(10, 2))
    const hybrid = await open()
    const { body, span } = await hybrid.get(key, { range: { start: 8_388_600, end: 8_388_620 } })
    expect(span).toEqual({ start: 8_388_600, end: 8_388_620 })
    expectBytes(await readAll(body), large.slice(8_388_600, 8_388_620))
    await (await hybrid.get(wrong)).body.cancel()
    // Once it is here, it is read without S3.
    await expect
      .poll(async () => {
        s3.down = true
        const all = await bytesOf(hybrid, key).catch(() => undefined)
        s3.down = false
        return all?.length
      })
      .toBe(large.length)
    s3.down = true
    expectBytes(await bytesOf(hybrid, key), large)
    expect(await hybrid.head(key)).toMatchObject({ etag, type: 'video/mp4', durable: true })
    await expect(hybrid.get(wrong)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('the folder keeps to its size, and never drops what S3 lacks', async () => {
    const s3Reads = vi.spyOn(remote, 'get')
    const hybrid = await open({ cacheSize: 250_000 })
    const contents = Array.from({ length: 10 }, (_, i) => someBytes(100_000, i + 1))
    const keys = await Promise.all(contents.map(contentKey))
    s3.down = true
    for (const [i, key] of keys.entries()) await put(hybrid, key, contents[i]!)
    for (const [i, key] of keys.entries()) expectBytes(await bytesOf(hybrid, key), contents[i]!)
    s3.down = false
    await hasFollowed(hybrid)
    // Counted on the disk: cutting S3 off to find out would stop the eviction that is waited for.
    const filesHere = async () => {
      const entries = await readdir(join(directory, 'contents'), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).length
    }
    await expect.poll(filesHere, { timeout: 20_000 }).toBe(2)
    for (const [i, key] of keys.entries()) expectBytes(await bytesOf(hybrid, key), contents[i]!)
    // The last one read is kept: it comes from S3 until it is here.
    const askedOfS3 = async () => {
      s3Reads.mockClear()
      expectBytes(await bytesOf(hybrid, keys.at(-1)!), contents.at(-1)!)
      return s3Reads.mock.calls.length
    }
    await expect.poll(askedOfS3, { timeout: 20_000 }).toBe(0)
    await expect.poll(filesHere, { timeout: 20_000 }).toBe(2)
    expect((await hybrid.list('s/')).objects).toHaveLength(10)
  })

  test('many reads from S3 at once bring a few of them here at a time: memory stays bounded', async () => {
    const contents = Array.from({ length: 20 }, (_, i) => someBytes(1000, i + 1))
    const keys = await Promise.all(contents.map(contentKey))
    for (const [i, key] of keys.entries()) await put(remote, key, contents[i]!)
    const s3Reads = vi.spyOn(remote, 'get')
    const hybrid = await open()
    await hybrid.list('')
    await Promise.all(keys.map((key) => bytesOf(hybrid, key)))
    await hybrid.close()
    // Each reader's own, and those of four to keep.
    expect(s3Reads.mock.calls.length).toBeGreaterThan(20)
    expect(s3Reads.mock.calls.length).toBeLessThanOrEqual(20 + 4)
  })

  test('what is dropped while it is opened stays in the list', async () => {
    const bytes = someBytes(1000)
    const key = await contentKey(bytes)
    s3.down = true
    const s3Reads = vi.spyOn(remote, 'get')
    const hybrid = await open({ cacheSize: 900 })
    await put(hybrid, key, bytes)
    const dropped = Promise.withResolvers<void>()
    const { read } = LocalContents.prototype
    const opening = vi.spyOn(LocalContents.prototype, 'read').mockImplementationOnce(async function (
      this: LocalContents,
      ...args
    ) {
      const stream = await read.apply(this, args)
      await dropped.promise
      return stream
    })
    const reader = bytesOf(hybrid, key)
    await expect.poll(() => opening.mock.calls.length).toBe(1)
    s3.down = false
    // Without the folder's copy, it comes from S3.
    await expect
      .poll(async () => {
        expectBytes(await bytesOf(hybrid, key), bytes)
        return s3Reads.mock.calls.length
      })
      .toBeGreaterThan(0)
    dropped.resolve()
    expectBytes(await reader, bytes)
    opening.mockRestore()
    expect((await hybrid.list('')).objects.map((object) => object.key)).toEqual([key])
  })

  test('of what only S3 has, S3 is asked whether it still has it; down, nobody may rely on it', async () => {
    const key = await contentKey(someBytes(1000))
    await put(remote, key, someBytes(1000))
    const hybrid = await open()
    await hybrid.list('')
    expect(await hybrid.head(key)).toMatchObject({ size: 1000, durable: true })
    s3.down = true
    expect(await hybrid.head(key)).toMatchObject({ size: 1000, durable: false })
    s3.down = false
    await remote.delete(key)
    // The first question after an outage may come before the next attempt to connect.
    await expect.poll(() => hybrid.head(key).catch((error: { code: string }) => error.code)).toBe('not_found')
    expect(await hybrid.exists(key)).toBe(false)
  })

  test('what S3 has lost is sent again, not dropped', async () => {
    const hybrid = await open({ cacheSize: 1000 })
    await put(hybrid, 'a', someBytes(900, 1))
    await hasFollowed(hybrid)
    await remote.delete('a')
    await put(hybrid, 'b', someBytes(900, 2))
    await expect.poll(() => remote.exists('a')).toBe(true)
    expectBytes(await bytesOf(hybrid, 'a'), someBytes(900, 1))
  })

  test('damaged bytes do not reach S3, and health says so', async () => {
    const key = await contentKey(someBytes(10, 1))
    const hybrid = await open()
    await put(hybrid, key, someBytes(10, 2))
    await expect.poll(async () => (await hybrid.checkHealth()).error).toContain('damaged')
    expect(await hybrid.head(key)).toMatchObject({ durable: false })
    await put(hybrid, 'other', someBytes(10))
    await expect.poll(() => remote.exists('other')).toBe(true)
    expect(await remote.exists(key)).toBe(false)
  })

  test('whatever happens on both sides, S3 ends as the folder is', { timeout: 120_000 }, async () => {
    type Step =
      | { readonly do: 'put' | 'delete' | 'read' | 'copy' | 'refused'; readonly key: string; readonly seed: number }
      | { readonly do: 'down' | 'up' | 'flaky' | 'reopen'; readonly key?: never; readonly seed?: never }
    const key = fc.constantFrom('k/1', 'k/2', 'k/3')
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constantFrom('put', 'put', 'delete', 'read', 'copy', 'refused'),
          key,
          seed: fc.nat(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('down', 'up', 'flaky', 'reopen') }) },
    )
    let round = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const prefix = `${round++}/`
        const model = new Map<string, Uint8Array<ArrayBuffer>>()
        let hybrid = await open({ cacheSize: 100_000 })
        try {
          for (const one of steps) {
            if (one.do === 'down') s3.down = true
            else if (one.do === 'up') [s3.down, s3.fate] = [false, () => 'works']
            else if (one.do === 'flaky') {
              let calls = 0
              ;[s3.down, s3.fate] = [false, () => (['works', 'before', 'works', 'after'] as const)[calls++ % 4]!]
            } else if (one.do === 'reopen') {
              await hybrid.close()
              hybrid = await open({ cacheSize: 100_000 })
            } else {
              const name = prefix + one.key!
              const bytes = someBytes(one.seed! % 60_000, one.seed!)
              if (one.do === 'put') {
                await put(hybrid, name, bytes)
                model.set(name, bytes)
              } else if (one.do === 'refused') {
                const refused = hybrid.put(name, bytes, { size: bytes.length, sha256: new Uint8Array(32) })
                await expect(refused).rejects.toMatchObject({ code: 'digest_mismatch' })
              } else if (one.do === 'delete') {
                await hybrid.delete(name)
                model.delete(name)
              } else if (one.do === 'copy') {
                const to = `${prefix}k/1`
                const copied = await hybrid.copy(name, to).then(
                  () => true,
                  (error: { code: string }) => {
                    expect(['not_found', 'unavailable']).toContain(error.code)
                    expect(error.code === 'not_found').toBe(!model.has(name))
                    return false
                  },
                )
                if (copied) model.set(to, model.get(name)!)
              } else {
                const found = await bytesOf(hybrid, name).catch((error: { code: string }) => error.code)
                const right = model.get(name)
                if (right === undefined) expect(['not_found', 'unavailable']).toContain(found)
                else if (typeof found === 'string') expect(found).toBe('unavailable')
                else expectBytes(found, right)
              }
            }
          }
          ;[s3.down, s3.fate] = [false, () => 'works']
          await hasFollowed(hybrid)
          for (const side of [remote, hybrid]) {
            const keys = (await side.list(prefix)).objects.map((object) => object.key)
            expect(keys).toEqual([...model.keys()].toSorted())
            for (const name of keys) expectBytes(await bytesOf(side, name), model.get(name)!)
          }
        } finally {
          await hybrid.close()
        }
      }),
      { numRuns: 40 },
    )
  })
})
