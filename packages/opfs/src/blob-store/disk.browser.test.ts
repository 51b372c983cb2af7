/** What only this adapter can get wrong: its folders, other tabs, its worker, the quota. */
import type { BlobStore } from '@rockpool/core'
import { addressParts, type ContentAddress, hashContent, PART_SIZE, partCount, partRange } from '@rockpool/protocol'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { opfsBlobStoreDirect } from './direct.ts'
import { opfsBlobStore } from './opfs-blob-store.ts'
import { withWorker } from './worker-client.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const KINDS = {
  'worker with sync access handles': (storeId) => opfsBlobStore({ storeId }),
  'worker with createWritable': async (storeId) =>
    withWorker(storeId, await opfsBlobStoreDirect({ storeId }), workerWithoutSyncHandles),
  direct: (storeId) => opfsBlobStoreDirect({ storeId }),
} satisfies Record<string, (storeId: string) => Promise<BlobStore>>

const workerWithoutSyncHandles = () =>
  new Worker(new URL('./no-sync-handles.test-worker.js', import.meta.url), { type: 'module' })
const workerWithSyncHandles = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })

const newStoreId = () => {
  const storeId = `test-${crypto.randomUUID()}`
  onTestFinished(async () => {
    const origin = await navigator.storage.getDirectory()
    await origin.removeEntry(`rockpool-${storeId}`, { recursive: true }).catch(() => {})
  })
  return storeId
}

const closedAfterTest = (store: BlobStore) => {
  onTestFinished(() => store.close())
  return store
}

const folder = async (storeId: string, ...path: string[]) => {
  let directory = await navigator.storage.getDirectory()
  for (const name of [`rockpool-${storeId}`, ...path]) directory = await directory.getDirectoryHandle(name)
  return directory
}

const namesIn = async (storeId: string, ...path: string[]) => {
  const names: string[] = []
  for await (const name of (await folder(storeId, ...path)).keys()) names.push(name)
  return names.toSorted()
}

const someBytes = (size: number, fill = 7) => new Uint8Array(size).fill(fill)

const truncate = async (storeId: string, path: string[], name: string, size: number) => {
  const file = await (await folder(storeId, ...path)).getFileHandle(name)
  const sink = await file.createWritable({ keepExistingData: true })
  await sink.truncate(size)
  await sink.close()
}

/** Other bytes, and as many as before. */
const flipFirstByte = async (storeId: string, path: string[], name: string) => {
  const file = await (await folder(storeId, ...path)).getFileHandle(name)
  const [first] = new Uint8Array(await (await file.getFile()).slice(0, 1).arrayBuffer())
  const sink = await file.createWritable({ keepExistingData: true })
  await sink.write(new Uint8Array([first! ^ 1]))
  await sink.close()
}

/** A source that gives `bytes` and then nothing, and tells when it was asked for more and when it was cancelled. */
const silentAfter = (bytes: Uint8Array<ArrayBuffer>) => {
  const asked = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<unknown>()
  let given = false
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!given) {
          given = true
          controller.enqueue(bytes)
          return
        }
        asked.resolve()
        return new Promise(() => {})
      },
      cancel: (reason) => cancelled.resolve(reason),
    },
    { highWaterMark: 0 },
  )
  return { source, asked: asked.promise, cancelled: cancelled.promise }
}

describe('many large files at once', () => {
  const openGated = async () => {
    const store = closedAfterTest(await opfsBlobStoreDirect({ storeId: newStoreId() }))
    const gate = Promise.withResolvers<void>()
    const read = Blob.prototype.arrayBuffer
    const reads = vi.spyOn(Blob.prototype, 'arrayBuffer').mockImplementation(async function (this: Blob) {
      await gate.promise
      return read.call(this)
    })
    return { store, reads, release: gate.resolve }
  }
  const large = (fill: number) => new Blob([someBytes(PART_SIZE, fill), someBytes(PART_SIZE, fill)])

  test('are read a few at a time, and all of them are written', async () => {
    const { store, reads, release } = await openGated()
    const writes = Promise.all(Array.from({ length: 12 }, (_, i) => store.write(large(i))))
    // A stream does not wait for them.
    await store.write(new Blob([someBytes(3)]).stream())
    expect(reads).toHaveBeenCalledTimes(4)
    release()
    await writes
    expect(await store.list()).toHaveLength(13)
  })

  test('one that is aborted while it waits rejects, and closing ends them all', async () => {
    const { store } = await openGated()
    const stop = new AbortController()
    const writes = Array.from({ length: 5 }, (_, i) => store.write(large(i), { signal: stop.signal }))
    const waiting = store.write(large(5))
    const ended = Promise.allSettled([...writes, waiting])
    stop.abort()
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'aborted' })
    await store.close()
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
    await ended
  })
})

describe.each(Object.entries(KINDS))('%s', (_kind, open) => {
  test('lays contents, parts and nothing else on disk', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const bytes = someBytes(PART_SIZE + 1)
    const { address: inParts } = await hashContent([bytes])
    const { address: one } = await hashContent([someBytes(3)])
    const { address: whole } = await store.write(new Blob([someBytes(10)]))
    await store.writePart(inParts, 2, bytes.slice(PART_SIZE))
    await store.writePart(one, 1, someBytes(3))
    expect(await namesIn(storeId)).toEqual(['contents', 'temp'])
    expect(await namesIn(storeId, 'contents')).toEqual([whole, one, `${inParts}.parts`].toSorted())
    expect(await namesIn(storeId, 'contents', `${inParts}.parts`)).toEqual(['2'])
    expect(await namesIn(storeId, 'temp')).toEqual([])
  })

  test('has removed its temp file when a failed write rejects', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const chunks = [someBytes(PART_SIZE + 5), someBytes(5)]
    const failing = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.pop()
        if (chunk) controller.enqueue(chunk)
        else controller.error(new Error('unplugged'))
      },
    })
    await expect(store.write(failing)).rejects.toMatchObject({
      code: 'source_failed',
      cause: { message: 'unplugged' },
    })
    expect(await namesIn(storeId, 'temp')).toEqual([])

    const stop = new AbortController()
    const silent = silentAfter(someBytes(PART_SIZE + 5))
    const write = store.write(silent.source, { signal: stop.signal })
    await silent.asked
    expect(await namesIn(storeId, 'temp')).not.toEqual([])
    stop.abort(new Error('changed my mind'))
    await expect(write).rejects.toMatchObject({ code: 'aborted' })
    expect(await namesIn(storeId, 'temp')).toEqual([])
  })

  test('takes a stream only as fast as it writes', async () => {
    const store = closedAfterTest(await open(newStoreId()))
    let pulled = 0
    let most = 0
    let written = 0
    const total = 8 * PART_SIZE
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (pulled === total) return controller.close()
          controller.enqueue(someBytes(PART_SIZE / 8, pulled % 251))
          pulled += PART_SIZE / 8
          most = Math.max(most, pulled - written)
        },
      },
      { highWaterMark: 0 },
    )
    await store.write(source, { onProgress: (bytes) => (written = bytes) })
    expect(written).toBe(total)
    // One part being written, one waiting, one being filled.
    expect(most).toBeLessThanOrEqual(3 * PART_SIZE)
  })

  test('leaves the buffers of a stream to the app, which may give views of one', async () => {
    const store = closedAfterTest(await open(newStoreId()))
    const buffer = crypto.getRandomValues(new Uint8Array(50_000))
    const { address } = await store.write(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < buffer.length; at += 1_000) controller.enqueue(buffer.subarray(at, at + 1_000))
          controller.close()
        },
      }),
    )
    expect(address).toBe((await hashContent([buffer])).address)
    const part = buffer.subarray(10, 20)
    const { address: small } = await hashContent([part])
    await store.writePart(small, 1, part)
    expect(part.length).toBe(10)
  })

  test('a close ends a write that is under way, with nothing left behind', async () => {
    const storeId = newStoreId()
    const store = await open(storeId)
    const { source, asked, cancelled } = silentAfter(someBytes(PART_SIZE + 5))
    const write = store.write(source).catch((error: unknown) => error)
    await asked
    await store.close()
    expect(await write).toMatchObject({ code: 'closed' })
    await cancelled
    expect(await namesIn(storeId, 'temp')).toEqual([])
    for (const call of [store.list(), store.write(new Blob([])), store.usage()]) {
      await expect(call).rejects.toMatchObject({ code: 'closed' })
    }
  })

  test('a full quota: quota_exceeded, nothing left, usable when there is room again', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const { address } = await store.write(new Blob([someBytes(100)]))
    const { usage = 0 } = await navigator.storage.estimate()
    const overrideQuota = (quotaSize?: number) =>
      cdp().send('Storage.overrideQuotaForOrigin', {
        origin: location.origin,
        ...(quotaSize === undefined ? {} : { quotaSize }),
      })
    onTestFinished(async () => void (await overrideQuota()))
    const bytes = crypto.getRandomValues(new Uint8Array(65_536))
    const large = new Blob(Array.from({ length: (3 * PART_SIZE) / bytes.length }, () => bytes))
    const digest = await hashContent([new Uint8Array(await large.arrayBuffer())])

    await overrideQuota(usage + PART_SIZE + 1_000_000)
    for (const source of [large, large.stream(), silentAfter(new Uint8Array(await large.arrayBuffer())).source]) {
      await expect(store.write(source)).rejects.toMatchObject({
        code: 'quota_exceeded',
        message: expect.stringContaining('Remove files'),
      })
      expect(await namesIn(storeId, 'temp')).toEqual([])
    }
    const part = (number: number) => {
      const { start, end } = partRange(large.size, number)
      return large.slice(start, end).bytes() as Promise<Uint8Array<ArrayBuffer>>
    }
    await store.writePart(digest.address, 1, await part(1))
    await expect(store.writePart(digest.address, 2, await part(2))).rejects.toMatchObject({ code: 'quota_exceeded' })
    expect(await namesIn(storeId, 'temp')).toEqual([])
    expect(await store.parts(digest.address)).toEqual([1])
    expect((await store.open(address))?.size).toBe(100)

    await overrideQuota()
    expect((await store.write(large)).address).toBe(digest.address)
    expect((await store.open(digest.address))?.size).toBe(large.size)
  })

  test.each([
    { size: 100, left: 0, noticed: true },
    { size: 2 * PART_SIZE + 5, left: 2 * PART_SIZE, noticed: true },
    { size: 2 * PART_SIZE + 5, left: 10, noticed: true },
    // Only the index, which knows the size, can tell.
    { size: 2 * PART_SIZE + 5, left: 2 * PART_SIZE + 4, noticed: false },
  ])('a content of $size bytes cut to $left on disk: noticed $noticed', async ({ size, left, noticed }) => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const source = new Blob([someBytes(size)])
    const { address } = await store.write(source)
    await truncate(storeId, ['contents'], address, left)
    expect((await store.open(address))?.size).toBe(noticed ? undefined : left)
    expect(await store.parts(address)).toHaveLength(noticed ? 0 : partCount(left))
    expect(await store.list()).toMatchObject([{ address, complete: !noticed, size: left }])
    await store.write(source)
    // Whoever writes the content again knows its size, too.
    expect((await store.open(address))?.size).toBe(size)
  })

  test('a content in parts whose last one was cut on disk is replaced when it is written again', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const bytes = someBytes(PART_SIZE + 5)
    const { address } = await hashContent([bytes])
    await store.writePart(address, 1, bytes.slice(0, PART_SIZE))
    await store.writePart(address, 2, bytes.slice(PART_SIZE))
    await truncate(storeId, ['contents', `${address}.parts`], '2', 4)
    expect((await store.open(address))?.size).toBe(PART_SIZE + 4)
    await store.write(new Blob([bytes]))
    expect((await store.open(address))?.size).toBe(PART_SIZE + 5)
    expect(await namesIn(storeId, 'contents')).toEqual([address])
  })

  test('content that was damaged on disk is replaced when it is written again', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const bytes = someBytes(PART_SIZE + 5)
    const isRight = async (address: ContentAddress) =>
      (await hashContent((await store.open(address))!.stream())).address === address
    for (const source of [new Blob([bytes.slice(0, 5)]), new Blob([bytes])]) {
      const { address } = await store.write(source)
      await flipFirstByte(storeId, ['contents'], address)
      expect(await isRight(address)).toBe(false)
      await store.write(source)
      expect(await isRight(address)).toBe(true)
    }
  })

  test('content in parts that was damaged on disk is replaced when it is written again', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const bytes = someBytes(PART_SIZE + 5)
    const { address } = await hashContent([bytes])
    await store.writePart(address, 1, bytes.slice(0, PART_SIZE))
    await store.writePart(address, 2, bytes.slice(PART_SIZE))
    await flipFirstByte(storeId, ['contents', `${address}.parts`], '2')
    await store.write(new Blob([bytes]))
    expect((await hashContent((await store.open(address))!.stream())).address).toBe(address)
    expect(await namesIn(storeId, 'contents')).toEqual([address])
  })

  test('a part cut on disk is not there any more, and can be written again', async () => {
    const storeId = newStoreId()
    const store = closedAfterTest(await open(storeId))
    const bytes = someBytes(PART_SIZE + 5)
    const { address } = await hashContent([bytes])
    await store.writePart(address, 1, bytes.slice(0, PART_SIZE))
    await store.writePart(address, 2, bytes.slice(PART_SIZE))
    await truncate(storeId, ['contents', `${address}.parts`], '1', PART_SIZE - 1)
    expect(await store.parts(address)).toEqual([2])
    expect(await store.openPart(address, 1)).toBeUndefined()
    expect(await store.open(address)).toBeUndefined()
    await store.writePart(address, 1, bytes.slice(0, PART_SIZE))
    expect((await store.open(address))?.size).toBe(bytes.length)
  })

  test.each([
    [0, 10],
    [3, 10],
    [1, 10],
    [2, 0],
    [1.5, PART_SIZE],
  ])('refuses part %d of %d bytes, which a content of two parts cannot have', async (number, size) => {
    const store = closedAfterTest(await open(newStoreId()))
    const { address } = await hashContent([someBytes(PART_SIZE + 5)])
    await expect(store.writePart(address, number, someBytes(size))).rejects.toMatchObject({ code: 'bad_request' })
    expect(await store.list()).toEqual([])
  })
})

describe('two tabs', () => {
  test('may write the same content at once, and neither sweeps the other', async () => {
    const storeId = newStoreId()
    const stores = await Promise.all([KINDS.direct(storeId), ...Object.values(KINDS).map((open) => open(storeId))])
    for (const store of stores) closedAfterTest(store)
    const bytes = someBytes(2 * PART_SIZE + 5)
    const written = await Promise.all(
      stores.map(async (store, i) => {
        const digest = store.write(i % 2 ? new Blob([bytes]) : new Blob([bytes]).stream())
        expect(await stores[(i + 1) % stores.length]!.sweep()).toBe(0)
        return digest
      }),
    )
    expect(new Set(written.map(({ address }) => address)).size).toBe(1)
    expect(await namesIn(storeId, 'contents')).toEqual([written[0]!.address])
    expect(await namesIn(storeId, 'temp')).toEqual([])
    for (const store of stores) expect((await store.open(written[0]!.address))?.size).toBe(bytes.length)
  })
})

test('a temp file is swept when nobody holds the lock of its name, open or not', async () => {
  const storeId = newStoreId()
  const store = closedAfterTest(await opfsBlobStoreDirect({ storeId }))
  await (await folder(storeId, 'temp')).getFileHandle('left', { create: true })
  await navigator.locks.request(`rockpool-opfs:rockpool-${storeId}/temp/left`, async () => {
    expect(await store.sweep()).toBe(0)
    expect(await namesIn(storeId, 'temp')).toEqual(['left'])
  })
  expect(await store.sweep()).toBe(1)
  expect(await namesIn(storeId, 'temp')).toEqual([])
})

describe('the worker', () => {
  const lifeLocks = async () =>
    ((await navigator.locks.query()).held ?? [])
      .map(({ name }) => name ?? '')
      .filter((name) => name.startsWith('rockpool-opfs:worker/'))

  test('is what opfsBlobStore writes in, until it is closed', async () => {
    const others = await lifeLocks()
    const store = await opfsBlobStore({ storeId: newStoreId() })
    await store.write(new Blob(['reef']))
    const ours = (await lifeLocks()).filter((name) => !others.includes(name))
    expect(ours).toHaveLength(1)
    await store.close()
    await expect.poll(lifeLocks).not.toContain(ours[0])
  })

  test.each([
    { kind: 'sync access handle', start: workerWithSyncHandles, swap: false },
    { kind: 'createWritable', start: workerWithoutSyncHandles, swap: true },
  ])('writes by $kind', async ({ start, swap }) => {
    const storeId = newStoreId()
    const store = closedAfterTest(withWorker(storeId, await opfsBlobStoreDirect({ storeId }), start))
    const { source, asked } = silentAfter(someBytes(PART_SIZE + 5))
    const write = store.write(source).catch(() => {})
    await asked
    // Chromium's createWritable keeps a swap file.
    expect((await namesIn(storeId, 'temp')).some((name) => name.endsWith('.crswap'))).toBe(swap)
    await store.close()
    await write
  })

  test.each([
    { kind: 'sync access handle', start: workerWithSyncHandles },
    { kind: 'createWritable', start: workerWithoutSyncHandles },
  ])('dies while it writes by $kind: a typed error, a sweep of its temp file, a new worker', async ({ start }) => {
    const storeId = newStoreId()
    const workers: Worker[] = []
    const store = closedAfterTest(
      withWorker(storeId, await opfsBlobStoreDirect({ storeId }), () => {
        const worker = start()
        workers.push(worker)
        return worker
      }),
    )
    const bytes = someBytes(PART_SIZE + 5)
    const { source, asked, cancelled } = silentAfter(bytes)
    const write = store.write(source).catch((error: unknown) => error)
    await asked
    workers[0]!.terminate()
    expect(await write).toMatchObject({ code: 'disk_failed', message: expect.stringContaining('Try again') })
    await cancelled
    expect(await store.list()).toEqual([])
    // The browser lets go of a dead worker's files a moment after its locks; until then they stay.
    let swept = 0
    await expect.poll(async () => (swept += await store.sweep())).toBe(1)
    expect(await namesIn(storeId, 'temp')).toEqual([])

    const { address } = await store.write(new Blob([bytes]))
    expect((await store.open(address))?.size).toBe(bytes.length)
    expect(workers).toHaveLength(2)
  })

  test.each([
    { why: 'is not found', start: () => new Worker(new URL('/no-such-worker.js', location.href), { type: 'module' }) },
    { why: 'breaks at once', start: () => new Worker('data:text/javascript,throw 1', { type: 'module' }) },
    {
      why: 'is forbidden',
      start: (): Worker => {
        throw new DOMException('blocked', 'SecurityError')
      },
    },
  ])('$why: the window writes by itself', async ({ start }) => {
    const storeId = newStoreId()
    const store = closedAfterTest(withWorker(storeId, await opfsBlobStoreDirect({ storeId }), start))
    const { address } = await store.write(new Blob(['reef']).stream())
    expect(await (await store.open(address))?.text()).toBe('reef')
    expect(addressParts(address)).toBe(1)
  })
})

describe('opening', () => {
  test.each(['', 'a/b', '..', 'a b', 'x'.repeat(129)])('refuses the storeId %j', async (storeId) => {
    for (const open of Object.values(KINDS)) await expect(open(storeId)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('where OPFS is blocked: unsupported', async () => {
    // As Firefox does in private windows.
    vi.spyOn(StorageManager.prototype, 'getDirectory').mockRejectedValue(new DOMException('no', 'SecurityError'))
    await expect(opfsBlobStore({ storeId: newStoreId() })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('private mode'),
    })
  })

  test('where there is no OPFS, as in an insecure context: unsupported', async () => {
    vi.spyOn(navigator, 'storage', 'get').mockReturnValue(undefined as never)
    await expect(opfsBlobStore({ storeId: newStoreId() })).rejects.toMatchObject({ code: 'unsupported' })
  })
})
