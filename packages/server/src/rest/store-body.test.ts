import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '@rockpool/object-store/memory'
import { PART_SIZE, type RemoteKey } from '@rockpool/protocol'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { bytesOf, contentOf, URL_SECRET } from '../testing/content.ts'
import { type BodyOptions, openSpool, type Spool, storeBody } from './store-body.ts'

/** bytes that the disk says it has; undefined: the truth */
const free = vi.hoisted((): { bytes: number | undefined } => ({ bytes: undefined }))
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const statfs = async (path: string) =>
    free.bytes === undefined ? real.statfs(path) : { bavail: free.bytes, bsize: 1 }
  return { ...real, statfs }
})

let folder: string
let store: ReturnType<typeof memoryStore>
let spool: Spool
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-spool-'))
  store = memoryStore({ publicBaseUrl: 'http://localhost', secret: URL_SECRET })
  spool = await openSpool(folder, store)
})
afterEach(() => rm(folder, { recursive: true }))

const options: BodyOptions = {
  type: 'image/png',
  maxSize: 3 * PART_SIZE,
  checkSize: async () => {},
  keyOf: async (address) => `shop/files/${address}` as RemoteKey,
  signal: new AbortController().signal,
}

/** In chunks that end anywhere. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += 1_000_003) yield bytes.subarray(start, start + 1_000_003)
}

const keys = async () => (await store.list('')).objects.map(({ key }) => key)
const read = async (key: string) => new Uint8Array(await new Response((await store.get(key)).body).arrayBuffer())

describe('storeBody', () => {
  it.each([0, 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 5])(
    'stores %d bytes under their address, as a device would, and leaves nothing on the disk',
    async (size) => {
      const { bytes, address, digests } = await contentOf(size)
      const key = `shop/files/${address}`
      expect(await storeBody(spool, chunksOf(bytes), options)).toEqual({ key, size, type: 'image/png' })
      expect(Buffer.compare(await read(key), bytes)).toBe(0)
      expect((await store.head(key)).type).toBe('image/png')
      const isWhole = size <= PART_SIZE
      expect(await keys()).toEqual(isWhole ? [key] : [key, `${key}.parts`])
      if (!isWhole) expect(Buffer.from(await read(`${key}.parts`)).toString('base64')).toBe(digests)
      expect(await readdir(folder)).toEqual([])
    },
  )

  it('stores the same bytes once', async () => {
    for (const size of [10, PART_SIZE + 1]) {
      const first = await storeBody(spool, chunksOf(bytesOf(size)), options)
      const { etag, modifiedAt } = await store.head(first.key)
      expect(await storeBody(spool, chunksOf(bytesOf(size)), { ...options, type: 'image/gif' })).toEqual({
        ...first,
        type: 'image/gif',
      })
      expect(await store.head(first.key)).toMatchObject({ etag, modifiedAt, type: 'image/png' })
    }
  })

  it('stores the bytes when the same ones are deleted while it looks for them', async () => {
    const racing = {
      ...store,
      put: async (...[key, body, put]: Parameters<typeof store.put>) => {
        try {
          return await store.put(key, body, put)
        } catch (error) {
          await store.delete(key)
          throw error
        }
      },
    }
    const { key } = await storeBody(spool, chunksOf(bytesOf(10)), options)
    await storeBody({ folder, store: racing }, chunksOf(bytesOf(10)), options)
    expect(await keys()).toEqual([key])
  })

  it('stores the digest list of a content that has none', async () => {
    const { key } = await storeBody(spool, chunksOf(bytesOf(PART_SIZE + 1)), options)
    await store.delete(`${key}.parts`)
    await storeBody(spool, chunksOf(bytesOf(PART_SIZE + 1)), options)
    expect(await keys()).toEqual([key, `${key}.parts`])
  })

  it.each([
    ['memory', 100],
    ['the disk', 2 * PART_SIZE],
  ])('stores nothing of a body that grows too large in %s', async (_, maxSize) => {
    const body = chunksOf(bytesOf(maxSize + 1))
    await expect(storeBody(spool, body, { ...options, maxSize })).rejects.toMatchObject({ code: 'too_large' })
    expect(await keys()).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  it.each([
    ['memory', 100, [100]],
    ['the disk', 2 * PART_SIZE + 5, [PART_SIZE]],
  ])('asks about the size before it stores a body in %s, part after part', async (_, size, asked) => {
    const sizes: number[] = []
    const checkSize = async (bytes: number) => {
      sizes.push(bytes)
      throw new Error('over the quota')
    }
    await expect(storeBody(spool, chunksOf(bytesOf(size)), { ...options, checkSize })).rejects.toThrow('over the quota')
    expect([sizes, await keys(), await readdir(folder)]).toEqual([asked, [], []])
  })

  it('stores nothing of a body that breaks off', async () => {
    async function* broken() {
      yield* chunksOf(bytesOf(2 * PART_SIZE))
      throw new Error('The client has gone.')
    }
    await expect(storeBody(spool, broken(), options)).rejects.toMatchObject({ code: 'bad_request' })
    expect(await keys()).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  it('aborts an upload in parts that fails, and leaves nothing on the disk', async () => {
    const ended = new AbortController()
    const { multipart } = store
    const failing = {
      ...store,
      multipart: {
        ...multipart,
        complete: async () => {
          ended.abort()
          throw new Error('S3 is down.')
        },
      },
    }
    const { bytes, address } = await contentOf(PART_SIZE + 1)
    const body = storeBody({ folder, store: failing }, chunksOf(bytes), { ...options, signal: ended.signal })
    await expect(body).rejects.toThrow('S3 is down.')
    expect(await multipart.listUploads(`shop/files/${address}`)).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  it('leaves room on the disk to the event logs', async () => {
    free.bytes = 100 * 1024 * 1024
    onTestFinished(() => void (free.bytes = undefined))
    expect(await storeBody(spool, chunksOf(bytesOf(PART_SIZE + 1)), options)).toMatchObject({ size: PART_SIZE + 1 })
    free.bytes = 64 * 1024 * 1024
    const body = storeBody(spool, chunksOf(bytesOf(PART_SIZE + 2)), options)
    await expect(body).rejects.toMatchObject({ code: 'no_space' })
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses a key that holds other bytes', async () => {
    const { bytes, address } = await contentOf(PART_SIZE + 1)
    await store.put(`shop/files/${address}`, new Uint8Array(3), { size: 3 })
    await expect(storeBody(spool, chunksOf(bytes), options)).rejects.toMatchObject({ code: 'conflict' })
  })
})

it('openSpool removes what a killed process has left', async () => {
  await writeFile(join(folder, 'left'), 'x')
  await openSpool(folder, store)
  expect(await readdir(folder)).toEqual([])
})
