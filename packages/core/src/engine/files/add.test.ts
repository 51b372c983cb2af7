import { addressOfKey, CHARSET_BYTES, hashContent, ownerOf, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { Effect, Exit } from 'effect'
import { describe, expect, test } from 'vitest'
import { memoryBlobStore, memoryIndex } from '../../memory/index.ts'
import { memoryDevice, memoryWorld, STORE_ID } from '../../testing/memory-device.ts'
import type { Pool } from '../../pool.ts'
import { remove } from '../../ports/local-index.ts'

/** Runs with a pool whose device is not connected, so that nothing is uploaded meanwhile. */
const withPool = <A>(
  work: (pool: Pool, device: ReturnType<typeof memoryDevice>) => Promise<A>,
  over = {},
  claims?: never,
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const world = memoryWorld()
        world.backend.disconnect('a')
        const device = memoryDevice(world, 'a', claims)
        const pool = yield* device.open(over)
        yield* Effect.promise(() => pool.transfers.pause())
        return yield* Effect.promise(() => work(pool, device))
      }),
    ),
  )

const nothingLeft = async (pool: Pool, device: ReturnType<typeof memoryDevice>) => {
  const index = device.index()
  expect(pool.files.list()).toEqual([])
  expect(await device.blobs.list()).toEqual([])
  expect(await index.getAll('contents')).toEqual([])
  expect(await index.getAll('outbox')).toEqual([])
  expect(await index.getAll('transfers')).toEqual([])
}

test('an added file is on disk, in the index and in the log when add resolves', () =>
  withPool(async (pool, device) => {
    const index = device.index()
    const file = await pool.add(new File(['reef'], 'reef.txt', { type: 'text/plain' }), { meta: { depth: 3 } })
    const { address } = await hashContent(new Blob(['reef']).stream())
    expect(file).toMatchObject({
      name: 'reef.txt',
      type: 'text/plain;charset=utf-8',
      size: 4,
      bucket: 'files',
      meta: { depth: 3 },
      deletedAt: null,
    })
    expect(file.remoteKey).toBe(`${STORE_ID}/files/${address}`)
    expect(pool.files.get(file.id)).toEqual(file)
    expect(await (await device.blobs.open(address))!.text()).toBe('reef')
    expect(await index.get('contents', address)).toMatchObject({ size: 4 })
    expect(await index.getAll('outbox')).toMatchObject([{ event: { name: 'v2.FileAdded', args: { id: file.id } } }])
    expect(await index.getAll('transfers')).toMatchObject([{ direction: 'upload', remoteKey: file.remoteKey, size: 4 }])
    expect(pool.transfers.status(file)).toMatchObject({ state: 'local', onDevice: true })
  }))

test('an added file has the segment of its user as the owner, in every bucket', () =>
  withPool(
    async (pool) => {
      const file = await pool.add(new Blob(['reef']), { name: 'reef.txt' })
      expect(file.owner).toBe(await ownerOf('ann'))
      expect((await pool.rename(file.id, 'lagoon.txt')).owner).toBe(file.owner)
    },
    { claims: () => ({ sub: 'ann', stores: { [STORE_ID]: ['read', 'write'] } }) },
  ))

test('an added file has no owner while no token says who the user is', () =>
  withPool(async (pool) => {
    expect(await pool.add(new Blob(['reef']), { name: 'reef.txt' })).not.toHaveProperty('owner')
  }))

test('an added file has the path that it is given, as NFC', () =>
  withPool(async (pool) => {
    const file = await pool.add(new Blob(['reef']), { path: 're\u0301cif/reef.txt' })
    expect(pool.files.get(file.id)?.path).toBe('r\u00e9cif/reef.txt')
    expect((await pool.rename(file.id, 'lagoon.txt')).path).toBe(file.path)
    expect(await pool.add(new Blob(['reef']))).not.toHaveProperty('path')
    await expect(pool.add(new Blob(['reef']), { path: '../reef.txt' })).rejects.toMatchObject({ code: 'bad_path' })
  }))

test('the status is up to date when add resolves, however slowly the index reads', async () => {
  const index = memoryIndex()
  const slow = {
    ...index,
    getMany: async (...args: Parameters<typeof index.getMany>) => {
      await new Promise((turned) => setImmediate(turned))
      return index.getMany(...args)
    },
  }
  await withPool(
    async (pool) => {
      const file = await pool.add(new Blob(['reef']))
      expect(pool.transfers.status(file)).toMatchObject({ state: 'local', onDevice: true })
    },
    { index: slow },
  )
})

test('name and type come from the source, or are given; names are NFC', () =>
  withPool(async (pool) => {
    const nfd = 're\u0301cif.txt'
    expect(await pool.add(new Blob(['x']))).toMatchObject({ name: 'untitled', type: 'application/octet-stream' })
    expect(await pool.add(new File(['x'], nfd))).toMatchObject({ name: nfd.normalize('NFC') })
    expect(
      await pool.add(new File(['x'], 'a.txt', { type: 'text/plain' }), { name: 'b.md', type: 'text/markdown' }),
    ).toMatchObject({
      name: 'b.md',
      type: 'text/markdown;charset=utf-8',
    })
  }))

test('text has its charset in its type, from its first bytes; a charset of the app stays', () =>
  withPool(async (pool) => {
    const utf8 = new TextEncoder().encode('Überall Riffe, 珊瑚')
    const latin1 = Uint8Array.from('Überall Riffe', (character) => character.charCodeAt(0))
    const utf16 = new Uint8Array([0xff, 0xfe, 0x72, 0x00])
    const added = async (source: Parameters<Pool['add']>[0], type: string) => (await pool.add(source, { type })).type
    expect(await added(utf8, 'text/plain')).toBe('text/plain;charset=utf-8')
    expect(await added(new Blob([utf8]).stream(), 'text/csv')).toBe('text/csv;charset=utf-8')
    expect(await added(latin1, 'text/plain')).toBe('text/plain;charset=windows-1252')
    expect(await added(utf16, 'text/plain')).toBe('text/plain;charset=utf-16le')
    expect(await added(utf8, 'text/plain;charset=shift_jis')).toBe('text/plain;charset=shift_jis')
    expect(await added(utf8, 'application/json')).toBe('application/json')
  }))

test('a replacement without a type has the charset of its own bytes', () =>
  withPool(async (pool) => {
    const latin1 = Uint8Array.from('Überall Riffe', (character) => character.charCodeAt(0))
    const file = await pool.add(new Blob(['Überall Riffe']), { type: 'text/plain' })
    expect((await pool.replace(file.id, latin1)).type).toBe('text/plain;charset=windows-1252')
    const named = await pool.add(new Blob(['reef']), { type: 'text/plain;charset=iso-8859-1' })
    expect((await pool.replace(named.id, new Blob(['lagoon']))).type).toBe('text/plain;charset=iso-8859-1')
  }))

test('a multi-byte sequence at the edge of what is looked at is no error, and the bucket takes the charset', () =>
  withPool(
    async (pool) => {
      // Byte 1,048,576 is the second one of an "é".
      const text = `${'a'.repeat(CHARSET_BYTES - 1)}é`
      expect((await pool.add(new Blob([text]), { type: 'text/plain' })).type).toBe('text/plain;charset=utf-8')
    },
    { buckets: { files: { access: 'store', types: ['text/plain'] } } },
  ))

test('the same bytes twice are two files and one content; in two buckets two remote keys', () =>
  withPool(
    async (pool, device) => {
      const [a, b] = [await pool.add(new Blob(['x'])), await pool.add(new Blob(['x']))]
      const c = await pool.add(new Blob(['x']), { bucket: 'more' })
      expect(a.id).not.toBe(b.id)
      expect(a.remoteKey).toBe(b.remoteKey)
      expect(addressOfKey(c.remoteKey)).toBe(addressOfKey(a.remoteKey))
      expect(await device.blobs.list()).toHaveLength(1)
      expect((await device.index().getAll('transfers')).map(({ remoteKey }) => remoteKey).toSorted()).toEqual(
        [a.remoteKey, c.remoteKey].toSorted(),
      )
    },
    { buckets: { files: { access: 'store' }, more: { access: 'store' } } },
  ))

test('an owner bucket puts the owner into the key, and needs a user', async () => {
  const buckets = { files: { access: 'owner' } } as const
  await withPool(
    async (pool) => {
      const { remoteKey } = await pool.add(new Blob(['x']))
      expect(remoteKey.split('/')[2]).toBe(await ownerOf('ann'))
    },
    { buckets, claims: () => ({ sub: 'ann', stores: { [STORE_ID]: ['read', 'write'] } }) },
  )
  await withPool(
    async (pool, device) => {
      await expect(pool.add(new Blob(['x']))).rejects.toMatchObject({ code: 'unauthenticated' })
      await nothingLeft(pool, device)
    },
    { buckets },
  )
})

describe('what cannot be added leaves nothing behind, and the pool goes on', () => {
  const failing = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(9_000_000))
        controller.error(new Error('the camera went away'))
      },
    })
  const buckets = { files: { access: 'store', types: ['text/*'], maxSize: 10 } } as const
  const text = { type: 'text/plain' }

  test.each<[string, Parameters<Pool['add']>, object, string]>([
    ['a stream that fails half-way', [failing()], {}, 'source_failed'],
    ['a stream longer than the bucket takes', [new Blob(['x'.repeat(11)]).stream(), text], { buckets }, 'too_large'],
    ['a type that the bucket does not take', [new Blob(['x'])], { buckets }, 'type_not_allowed'],
    ['a bucket that is not there', [new Blob(['x']), { bucket: 'nowhere' }], {}, 'unknown_bucket'],
    ['a name with a slash', [new Blob(['x']), { name: 'a/b' }], {}, 'bad_name'],
    ['a full disk', [new Blob(['x'.repeat(100)])], { blobs: undefined }, 'quota_exceeded'],
    [
      'a token that may not write',
      [new Blob(['x'])],
      { claims: () => ({ sub: 'ann', stores: { [STORE_ID]: ['read'] } }) },
      'forbidden',
    ],
  ])('%s', (_, args, over, code) => {
    const full = { quota: 50 }
    const blobs = 'blobs' in over ? memoryBlobStore(full) : undefined
    return withPool(
      async (pool, device) => {
        await expect(pool.add(...args)).rejects.toMatchObject({ name: 'RockpoolError', code })
        await nothingLeft(pool, { ...device, blobs: blobs ?? device.blobs })
        if (code === 'forbidden') return
        expect(await pool.add(new Blob(['ok']), text)).toMatchObject({ size: 2 })
      },
      { ...over, ...(blobs ? { blobs } : {}) },
    )
  })

  test('an aborted add, before and while it writes', () =>
    withPool(async (pool, device) => {
      await expect(pool.add(new Blob(['x']), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'aborted',
      })
      const stop = new AbortController()
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)),
      })
      const adding = pool.add(endless, {
        signal: stop.signal,
        onProgress: (bytes) => {
          if (bytes > 20_000_000) stop.abort()
        },
      })
      await expect(adding).rejects.toMatchObject({ code: 'aborted' })
      await nothingLeft(pool, device)
    }))

  test.each(['aborted', 'closed'] as const)('an add that is %s when its write can no longer stop', async (code) => {
    const blobs = memoryBlobStore()
    const [begun, ending] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const write: typeof blobs.write = async (source, { signal: _, ...options } = {}) => {
      begun.resolve()
      await ending.promise
      return blobs.write(source, options)
    }
    const work = async (pool: Pool, device: ReturnType<typeof memoryDevice>) => {
      const stop = new AbortController()
      const adding = pool.add(new Blob(['x']), { signal: stop.signal })
      await begun.promise
      const closed = code === 'closed' ? pool.close() : stop.abort()
      ending.resolve()
      await expect(adding).rejects.toMatchObject({ code })
      await closed
      expect(await blobs.list()).toEqual([])
      expect(await device.index().getAll('contents')).toEqual([])
    }
    await withPool(work, { blobs: { ...blobs, write } })
  })

  test('an index that was lost before the bytes were: they stay, since a file names them', async () => {
    const world = memoryWorld()
    const device = memoryDevice(world, 'a')
    const index = memoryIndex()
    let full = false
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          world.storage.faults.offline = true
          const before = yield* device.open()
          const file = yield* Effect.promise(() => before.add(new Blob(['x'])))
          yield* Effect.promise(() => before.close())
          const pool = yield* device.open({
            index: {
              ...index,
              write: (...args) =>
                full ? Promise.reject(new RockpoolError('quota_exceeded', 'The disk is full.')) : index.write(...args),
            },
          })
          yield* Effect.promise(() => pool.transfers.pause())
          yield* Effect.promise(() => index.write([remove('contents', addressOfKey(file.remoteKey))]))
          full = true
          yield* Effect.promise(async () => {
            await expect(pool.add(new Blob(['x']))).rejects.toMatchObject({ code: 'quota_exceeded' })
            expect(await device.blobs.list()).toHaveLength(1)
          })
        }),
      ),
    )
  })

  test('an index that cannot be written, and does not say so as its port demands', async () => {
    const world = memoryWorld()
    const device = memoryDevice(world, 'a')
    const index = device.index()
    let full = false
    const exit = await Effect.runPromiseExit(
      Effect.scoped(
        Effect.gen(function* () {
          const pool = yield* device.open({
            index: {
              ...index,
              write: (...args) =>
                full ? Promise.reject(new DOMException('', 'QuotaExceededError')) : index.write(...args),
            },
          })
          full = true
          yield* Effect.promise(async () => {
            await expect(pool.add(new Blob(['x']))).rejects.toMatchObject({ code: 'internal' })
            await nothingLeft(pool, device)
          })
        }),
      ),
    )
    expect(Exit.isSuccess(exit)).toBe(true)
  })
})

test('replace keeps the former content as a version; ifMatch guards it', () =>
  withPool(async (pool, device) => {
    const first = await pool.add(new File(['one'], 'a.txt', { type: 'text/plain' }))
    const second = await pool.replace(first.id, new Blob(['two']), { ifMatch: first.version })
    expect(second).toMatchObject({ id: first.id, name: 'a.txt', type: 'text/plain;charset=utf-8', size: 3 })
    expect(pool.versions(first.id).map(({ remoteKey }) => remoteKey)).toEqual([second.remoteKey, first.remoteKey])
    await expect(pool.replace(first.id, new Blob(['three']), { ifMatch: first.version })).rejects.toMatchObject({
      code: 'precondition_failed',
    })
    expect(await device.blobs.list()).toHaveLength(2)
    expect(await (await pool.open(first.id)).text()).toBe('two')
    expect(await (await pool.open(first)).text()).toBe('one')
    const reverted = await pool.revert(first.id, first.version)
    expect(reverted.remoteKey).toBe(first.remoteKey)
    expect(await (await pool.open(first.id)).text()).toBe('one')
  }))

test('a file that changes while its replacement is written is not overwritten against ifMatch', () =>
  withPool(async (pool, device) => {
    const file = await pool.add(new Blob(['one']))
    const slow = new TransformStream<Uint8Array, Uint8Array>()
    const replacing = pool.replace(file.id, slow.readable, { ifMatch: file.version })
    const writer = slow.writable.getWriter()
    void writer.write(new TextEncoder().encode('mine'))
    const theirs = await pool.replace(file.id, new Blob(['theirs']))
    void writer.close()
    await expect(replacing).rejects.toMatchObject({ code: 'precondition_failed' })
    expect(pool.files.get(file.id)!.remoteKey).toBe(theirs.remoteKey)
    expect(await device.blobs.list()).toHaveLength(2)
  }))

test("a version in another user's space cannot be made current: its event would be refused for ever", () => {
  const buckets = { files: { access: 'owner' } } as const
  let user = 'ann'
  return withPool(
    async (pool) => {
      const file = await pool.add(new Blob(['one']))
      user = 'bob'
      const theirs = await pool.replace(file.id, new Blob(['two']))
      await expect(pool.revert(file.id, file.version)).rejects.toMatchObject({ code: 'forbidden' })
      expect(pool.files.get(file.id)).toEqual(theirs)
    },
    { buckets, claims: () => ({ sub: user, stores: { [STORE_ID]: ['read', 'write'] } }) },
  )
})

test('each version of a file has a status of its own, the same object while nothing changes', () =>
  withPool(async (pool) => {
    const first = await pool.add(new Blob(['one']))
    const second = await pool.replace(first.id, new Blob(['three']))
    const [before, now] = [pool.transfers.status(first), pool.transfers.status(second)]
    expect([before.total, now.total]).toEqual([3, 5])
    expect(pool.transfers.status(first)).toBe(before)
    expect(pool.transfers.status(second.id)).toBe(now)
  }))

test('a subscriber hears of two changes within a millisecond, and only of files that its query asks for', () =>
  withPool(
    async (pool) => {
      const { id } = await pool.add(new Blob(['x']))
      const heard: unknown[] = []
      const unsubscribe = pool.files.subscribe({ bucket: 'files' }, ([file]) => void heard.push(file?.meta))
      for (const n of [1, 2]) {
        pool.log.append([{ name: 'v2.FileMetaSet', opId: `op-${n}`, args: { id, meta: { n }, at: 1 } }])
      }
      await pool.add(new Blob(['x']), { bucket: 'more' })
      expect(heard).toEqual([{}, { n: 1 }, { n: 2 }])
      unsubscribe()
      await pool.remove(id)
      expect(heard).toHaveLength(3)
    },
    { buckets: { files: { access: 'store' }, more: { access: 'store' } } },
  ))

test('rename, metadata, remove and restore', () =>
  withPool(async (pool) => {
    const { id } = await pool.add(new Blob(['x']))
    expect(await pool.rename(id, 'new.txt')).toMatchObject({ name: 'new.txt' })
    await expect(pool.rename(id, 'a/b')).rejects.toMatchObject({ code: 'bad_name' })
    expect(await pool.setMeta(id, { album: 'x' })).toMatchObject({ meta: { album: 'x' }, name: 'new.txt' })
    await pool.remove(id)
    expect(pool.files.get(id)).toBeUndefined()
    await expect(pool.open(id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(pool.rename(id, 'y')).rejects.toMatchObject({ code: 'not_found' })
    await pool.remove(id)
    expect(await pool.restore(id)).toMatchObject({ name: 'new.txt' })
    await expect(pool.remove('nobody')).rejects.toMatchObject({ code: 'not_found' })
  }))

test('removing one of two files with the same bytes leaves the other (peer failure 1)', () =>
  withPool(async (pool) => {
    const [a, b] = [await pool.add(new Blob(['x'])), await pool.add(new Blob(['x']))]
    await pool.remove(a.id)
    expect(await (await pool.open(b.id)).text()).toBe('x')
    expect(pool.transfers.status(b)).toMatchObject({ state: 'local', onDevice: true })
  }))

test('a closed pool says so', () =>
  withPool(async (pool) => {
    await pool.close()
    await expect(pool.add(new Blob(['x']))).rejects.toMatchObject({ code: 'closed' })
  }))

test('a file URL names the content of a record, or the file of an id', () =>
  withPool(async (pool) => {
    const file = await pool.add(new File(['x'], 'a b.png', { type: 'image/png' }))
    expect(pool.url(file)).toBe(`/rockpool/c/${file.remoteKey satisfies RemoteKey}/a%20b.png?type=image%2Fpng`)
    expect(pool.url(file.id)).toBe(`/rockpool/f/${STORE_ID}/${file.id}/a%20b.png`)
    expect(pool.url(file, { download: true })).toBe(`${pool.url(file)}&download`)
    expect(pool.url(file.id, { download: true })).toBe(`${pool.url(file.id)}?download`)
  }))

test('bytes that were lost on this device are uploaded for their first file, too, when they are added to another bucket', () =>
  withPool(
    async (pool, device) => {
      const index = device.index()
      const first = await pool.add(new Blob(['reef']))
      const address = addressOfKey(first.remoteKey)
      await device.blobs.delete(address)
      await index.write([remove('contents', address), remove('transfers', `upload:${first.remoteKey}`)])
      const again = await pool.add(new Blob(['reef']), { bucket: 'notes' })
      const queued = (await index.getAll('transfers')).map(({ remoteKey }) => remoteKey)
      expect(queued.toSorted()).toEqual([first.remoteKey, again.remoteKey].toSorted())
    },
    { buckets: { files: { access: 'store' }, notes: { access: 'store' } } },
  ))
