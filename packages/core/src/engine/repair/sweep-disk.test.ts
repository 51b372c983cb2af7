import { Effect, TestClock, TestContext } from 'effect'
import { expect, test } from 'vitest'
import type { BlobStore } from '../../ports/blob-store.ts'
import { advanceUntil, memoryDevice, memoryWorld } from '../../testing/memory-device.ts'
import { BlobPort } from '../services.ts'
import { sweepDisk } from './sweep-disk.ts'

const countingDisk = () => {
  const { blobs } = memoryDevice(memoryWorld(), 'a')
  let sweeps = 0
  const disk: BlobStore = {
    ...blobs,
    sweep: async () => {
      sweeps++
      return 0
    },
  }
  return { disk, sweeps: () => sweeps }
}

const turn = Effect.promise(() => new Promise<void>((turned) => setImmediate(turned)))

test('sweeps at once, after a minute and then each hour', () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { disk, sweeps } = countingDisk()
      yield* Effect.forkScoped(sweepDisk.pipe(Effect.provideService(BlobPort, disk)))
      for (const [wait, expected] of [
        ['0 seconds', 1],
        ['59 seconds', 1],
        ['1 second', 2],
        ['59 minutes', 2],
        ['1 minute', 3],
        ['1 hour', 4],
      ] as const) {
        yield* TestClock.adjust(wait)
        yield* turn
        expect(sweeps(), `after ${wait} more`).toBe(expected)
      }
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext)),
  ))

test('the leader sweeps the disk when it starts', () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { disk, sweeps } = countingDisk()
      yield* memoryDevice(memoryWorld(), 'a').open({ blobs: disk })
      yield* advanceUntil(() => sweeps() > 0)
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext)),
  ))
