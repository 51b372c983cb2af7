/** Writes that fail: each with its code, and without a trace. */
import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { chunked, holds, sampleBytes } from '../sample-bytes.ts'
import { type BlobStoreFixture, controlledStream, type MakeBlobStore } from './fixture.ts'

export const failedWriteCases = (make: MakeBlobStore): void => {
  describe('a failed write leaves nothing behind, and the store stays usable', () => {
    const nothingLeft = async ({ store }: BlobStoreFixture): Promise<void> => {
      expect(await store.list()).toEqual([])
      await store.sweep()
      expect(await store.sweep()).toBe(0)
      expect((await store.usage()).used).toBe(0)
      const bytes = sampleBytes(100, 9)
      const { address } = await store.write(new Blob([bytes]))
      expect(await holds(await store.open(address), bytes)).toBe(true)
    }

    test.each([0, 1, PART_SIZE + 5])(
      'rejects with source_failed when the source errors after %i bytes',
      async (size) => {
        await using fixture = await make()
        const reason = new Error('unplugged')
        const { source } = controlledStream(sampleBytes(size), (controller) => controller.error(reason))
        await expect(fixture.store.write(source)).rejects.toMatchObject({
          name: 'RockpoolError',
          code: 'source_failed',
        })
        await nothingLeft(fixture)
      },
    )

    test('rejects with source_failed when a chunk is not bytes', async () => {
      await using fixture = await make()
      const source = new ReadableStream({
        start(controller) {
          controller.enqueue('text')
          controller.close()
        },
      })
      await expect(fixture.store.write(source)).rejects.toMatchObject({ code: 'source_failed' })
      await nothingLeft(fixture)
    })

    test('rejects with source_failed when the stream is locked', async () => {
      await using fixture = await make()
      const source = chunked(sampleBytes(10))
      source.getReader()
      await expect(fixture.store.write(source)).rejects.toMatchObject({ code: 'source_failed' })
      await nothingLeft(fixture)
    })

    test('rejects with aborted when the signal is aborted before the write', async () => {
      await using fixture = await make()
      const write = fixture.store.write(new Blob([sampleBytes(10)]), { signal: AbortSignal.abort() })
      await expect(write).rejects.toMatchObject({ code: 'aborted' })
      await nothingLeft(fixture)
    })

    test.each([0, 1, PART_SIZE + 5])(
      'rejects with aborted and cancels a source that is silent after %i bytes',
      async (size) => {
        await using fixture = await make()
        const stop = new AbortController()
        const { source, pulled, cancelled } = controlledStream(sampleBytes(size))
        const write = fixture.store.write(source, { signal: stop.signal })
        await pulled
        stop.abort(new Error('changed my mind'))
        await expect(write).rejects.toMatchObject({ name: 'RockpoolError', code: 'aborted' })
        await cancelled
        await nothingLeft(fixture)
      },
    )

    test('rejects with aborted when the signal aborts during the write', async () => {
      await using fixture = await make()
      const stop = new AbortController()
      const source = chunked(sampleBytes(3 * PART_SIZE), [1_000_000])
      const write = fixture.store.write(source, { signal: stop.signal, onProgress: () => stop.abort() })
      await expect(write).rejects.toMatchObject({ code: 'aborted' })
      await nothingLeft(fixture)
    })

    test.each([
      { size: 11, maxSize: 10 },
      { size: 1, maxSize: 0 },
      { size: PART_SIZE + 1, maxSize: PART_SIZE },
      { size: 2 * PART_SIZE, maxSize: 5 },
    ])('rejects with too_large for $size bytes when $maxSize are allowed', async ({ size, maxSize }) => {
      await using fixture = await make()
      const bytes = sampleBytes(size)
      for (const source of [new Blob([bytes]), chunked(bytes)]) {
        await expect(fixture.store.write(source, { maxSize })).rejects.toMatchObject({ code: 'too_large' })
      }
      await nothingLeft(fixture)
    })

    test('rejects with too_large and cancels an endless source at maxSize', async () => {
      await using fixture = await make()
      const chunk = sampleBytes(65_536)
      const cancelled = Promise.withResolvers<void>()
      const source = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(chunk),
        cancel: () => cancelled.resolve(),
      })
      await expect(fixture.store.write(source, { maxSize: 200_000 })).rejects.toMatchObject({ code: 'too_large' })
      await cancelled.promise
      await nothingLeft(fixture)
    })

    test('does not affect concurrent writes', async () => {
      await using fixture = await make()
      const { store } = fixture
      const bytes = sampleBytes(PART_SIZE + 5, 4)
      const stop = new AbortController()
      const failing = controlledStream(bytes, (controller) => controller.error(new Error('unplugged')))
      const stopped = controlledStream(bytes)
      const writes = Promise.allSettled([
        store.write(failing.source),
        store.write(stopped.source, { signal: stop.signal }),
        store.write(chunked(bytes)),
      ])
      await stopped.pulled
      stop.abort()
      expect((await writes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
      const { address } = await hashContent([bytes])
      expect(await holds(await store.open(address), bytes)).toBe(true)
    })
  })
}
