/** Two tabs of one device, of which one stands still: who leads, and that nothing is done twice. */
import { addressOfKey, type Hashing, type RockpoolError, sha256 } from '@rockpool/protocol'
import { Effect, Exit, Scope, TestClock } from 'effect'
import { expect, test } from 'vitest'
import { memoryBlobStore, memoryIndex, memoryIndexStorage, memoryPage, memoryRecordLog } from '../../memory/index.ts'
import type { Platform } from '../../platform/platform.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import type { LocalIndex } from '../../ports/local-index.ts'
import { freezable } from '../../testing/freezable-tab.ts'
import { memoryWorld, STORE_ID } from '../../testing/memory-device.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { makePool } from '../engine.ts'
import { engineSettings } from '../../create-pool.ts'
import { sendByFetch } from '../transfers/http.ts'
import { eventually, promise, runWithTestClock } from '../../testing/test-effects.ts'

/** Looks again and again, a turn of the event loop apart. */

const HASHING: Hashing = { partSize: 1024, digest: sha256 }

interface Write {
  readonly epoch: number | undefined
  readonly changes: number
  readonly outcome: 'written' | 'superseded'
}

/** A device whose tabs can be frozen. Its tabs share disk, index and locks, as those of a browser do. */
const makeDevice = Effect.gen(function* () {
  const world = memoryWorld({ platform: { ...testPlatform, hashing: HASHING } })
  const storage = memoryIndexStorage()
  const blobs = memoryBlobStore({ hashing: HASHING })
  const index = memoryIndex(storage)
  const scope = `${world.id}-leader:${STORE_ID}`
  const { asks, signs } = yield* listen(`rockpool:${scope}:leader`)
  /** names of the tabs that had the lock, in order */
  const leaders: string[] = []

  const open = (name: string, disk = blobs) =>
    Effect.gen(function* () {
      const page = memoryPage()
      const writes: Write[] = []
      const platform: Platform = {
        ...testPlatform,
        hashing: HASHING,
        page,
        locks: {
          request: (lock, options, whileHeld) =>
            testPlatform.locks.request(lock, options, (held) => {
              if (lock.endsWith(':leader') && held) leaders.push(name)
              return whileHeld(held)
            }),
        },
      }
      const { ports, freezer } = freezable({
        log: memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'device' }),
        blobs: disk,
        index: recorded(memoryIndex(storage), writes),
        signer: world.storage.signer,
        fetch: world.storage.fetch,
        send: sendByFetch(world.storage.fetch),
        platform,
      })
      const tab = yield* Scope.make()
      const settings = engineSettings({ ...ports, device: `${world.id}-leader` })
      const pool = yield* makePool(ports, settings).pipe(Scope.extend(tab))
      // One that is frozen could not end.
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => freezer.thaw()).pipe(Effect.andThen(Scope.close(tab, Exit.void))),
      )
      return { pool, page, freezer, writes }
    })

  const epoch = async () => (await index.get('engine', 'engine'))?.epoch
  const leads = (expected: number) => eventually(async () => expect(await epoch()).toBe(expected))
  /** An interval of the follower passes, and it asks again. */
  const interval = () =>
    Effect.gen(function* () {
      const before = asks.length
      yield* TestClock.adjust('5 seconds')
      yield* eventually(() => expect(asks.length).toBeGreaterThan(before))
    })
  /** Intervals pass until a follower has taken over. */
  const takeover = () =>
    Effect.gen(function* () {
      const before = (yield* promise(epoch)) ?? 0
      for (let asked = asks.length, now = before; now === before; asked = asks.length) {
        yield* TestClock.adjust('5 seconds')
        yield* eventually(async () => {
          now = (await epoch()) ?? 0
          expect(now > before || asks.length > asked).toBe(true)
        })
      }
    })
  return { world, index, blobs, open, epoch, leads, interval, takeover, asks, signs, leaders }
})

const recorded = (index: LocalIndex, writes: Write[]): LocalIndex => ({
  ...index,
  async write(changes, options = {}) {
    const write = { epoch: options.epoch, changes: changes.length }
    try {
      const changed = await index.write(changes, options)
      writes.push({ ...write, outcome: 'written' })
      return changed
    } catch (error) {
      writes.push({ ...write, outcome: 'superseded' })
      throw error
    }
  },
})

/** What is said on the leader's channel: the asks of followers, and the leader's signs of life. */
const listen = (name: string) =>
  Effect.gen(function* () {
    const heard = { asks: [] as true[], signs: [] as true[] }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const channel = new BroadcastChannel(name)
        channel.onmessage = ({ data }: MessageEvent) => heard[data === 'ask' ? 'asks' : 'signs'].push(true)
        return channel
      }),
      (channel) => Effect.sync(() => channel.close()),
    )
    return heard
  })

test('a visible follower leads 15 s after the leader stood still, and not before', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { open, leads, interval, epoch, leaders, asks } = yield* makeDevice
      const a = yield* open('a')
      yield* leads(1)
      a.freezer.freeze()
      yield* open('b')
      yield* eventually(() => expect(asks).not.toEqual([]))
      yield* interval()
      yield* interval()
      yield* TestClock.adjust('4 seconds')
      expect(yield* promise(epoch)).toBe(1)
      yield* TestClock.adjust('1 second')
      yield* leads(2)
      expect(leaders).toEqual(['a', 'b'])
    }),
  ))

test('a leader that responds keeps the lock, however long its own timers stand still', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { open, leads, interval, signs, leaders } = yield* makeDevice
      const a = yield* open('a')
      a.page.set({ isVisible: false })
      yield* leads(1)
      yield* open('b')
      for (let i = 0; i < 50; i++) {
        const before = signs.length
        yield* interval()
        yield* eventually(() => expect(signs.length).toBeGreaterThan(before))
      }
      expect(leaders).toEqual(['a'])
    }),
  ))

test('a hidden follower does not steal from a frozen leader; it does once it is visible', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { open, leads, takeover, epoch, asks } = yield* makeDevice
      const a = yield* open('a')
      yield* leads(1)
      const b = yield* open('b')
      yield* eventually(() => expect(asks).not.toEqual([]))
      b.page.set({ isVisible: false })
      a.freezer.freeze()
      yield* TestClock.adjust('1 hour')
      expect(yield* promise(epoch)).toBe(1)
      const before = asks.length
      b.page.set({ isVisible: true })
      yield* eventually(() => expect(asks.length).toBeGreaterThan(before))
      yield* takeover()
    }),
  ))

test('a leader whose disk no longer responds is hung, though its page is not', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { blobs, open, leads, interval, signs, leaders, takeover } = yield* makeDevice
      let hung: PromiseWithResolvers<void> | undefined
      const parts: typeof blobs.parts = async (address) => {
        await hung?.promise
        return blobs.parts(address)
      }
      yield* open('a', { ...blobs, parts })
      // Or its tab could not be closed.
      yield* Effect.addFinalizer(() => Effect.sync(() => hung?.resolve()))
      yield* leads(1)
      yield* open('b')
      yield* interval()
      yield* eventually(() => expect(signs.length).toBeGreaterThan(1))
      hung = Promise.withResolvers()
      yield* takeover()
      expect(leaders).toEqual(['a', 'b'])
    }),
  ))

test('a page that is about to freeze gives the lock back at once', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { open, leads, leaders } = yield* makeDevice
      const a = yield* open('a')
      yield* leads(1)
      yield* open('b')
      // Not one of its awaits ends after the event.
      a.freezer.freeze()
      a.page.set({ isFrozen: true })
      yield* leads(2)
      expect(leaders).toEqual(['a', 'b'])
    }),
  ))

test('a leader that stood still at any await is replaced, and nothing is done twice when it wakes', async () => {
  const stories: Story[] = []
  while (stories.every(({ wasFrozen }) => wasFrozen)) {
    const numbers = Array.from({ length: 10 }, (_, i) => stories.length + i + 1)
    stories.push(...(await Promise.all(numbers.map((nth) => runWithTestClock(freezeAt(nth))))))
  }
  // The awaits of an add, of an upload in parts and of what the log says of both; and writes that came too late.
  expect(stories.filter(({ wasFrozen }) => wasFrozen).length).toBeGreaterThan(40)
  expect(stories.reduce((sum, { superseded }) => sum + superseded, 0)).toBeGreaterThan(5)
}, 120_000)

interface Story {
  readonly wasFrozen: boolean
  /** writes with changes in them that were refused */
  readonly superseded: number
}

/** One file is added and uploaded in a tab that freezes at its n-th await, and wakes when another has taken over. */
const freezeAt = (nth: number): Effect.Effect<Story, RockpoolError, Scope.Scope> =>
  Effect.gen(function* () {
    const { world, index, open, leads, takeover, asks, leaders } = yield* makeDevice
    const where = `frozen at await ${nth}`
    const a = yield* open('a')
    yield* leads(1)
    yield* open('b')
    yield* eventually(() => expect(asks).not.toEqual([]))

    a.freezer.freeze(nth)
    const adding = a.pool.add(new Blob([sampleBytes(2_500, nth)]), { name: 'reef.bin' })
    const isIdle = async () =>
      (await index.getAll('transfers')).length + (await index.getAll('outbox')).length === 0 &&
      world.backend.confirmed.some(({ event }) => event.name === 'v2.ContentStored')
    // Confirmations are gathered for a moment, so the clock has to go on.
    while (!a.freezer.isFrozen && !(yield* promise(isIdle))) {
      yield* TestClock.adjust('100 millis')
      yield* promise(() => new Promise<void>((turned) => setImmediate(turned)))
    }
    if (!a.freezer.isFrozen) return { wasFrozen: false, superseded: 0 }

    yield* takeover()
    a.freezer.thaw()
    const file = yield* promise(() => adding)
    // Beyond the 5 s after which a leader appends what the tab of an event did not.
    yield* TestClock.adjust('6 seconds')
    yield* eventually(async () => expect(await isIdle(), where).toBe(true))

    // Copies are one event, and change nothing: an event that its tab has not appended yet is appended by the leader, too.
    const events = new Map(world.backend.confirmed.map(({ event }) => [event.opId, event.name]))
    expect([...events.values()].toSorted(), where).toEqual(['v2.ContentStored', 'v2.FileAdded'])
    expect([...world.storage.objects.keys()].toSorted()).toEqual([file.remoteKey, `${file.remoteKey}.parts`])
    const content = yield* promise(() => index.get('contents', addressOfKey(file.remoteKey)))
    expect(content?.storedAs, where).toEqual([file.remoteKey])
    expect(leaders, where).toEqual(['a', 'b'])
    return {
      wasFrozen: true,
      superseded: a.writes.filter(({ outcome, changes }) => outcome === 'superseded' && changes > 0).length,
    }
  })
