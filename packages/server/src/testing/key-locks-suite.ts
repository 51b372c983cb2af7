/** What every adapter of `KeyLocks` has to do. */
import { memoryStore } from '@rockpool/object-store/memory'
import type { ObjectStore } from '@rockpool/object-store'
import type { RemoteKey } from '@rockpool/protocol'
import type { Clock } from '@rockpool/sync-server'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { collect } from '../gc/collect.ts'
import { type KeyLocks, POLL_MS } from '../gc/key-locks.ts'
import type { LiveSets } from '../gc/live-set.ts'
import { URL_SECRET } from './content.ts'
import { type Turn, Turns } from './turns.ts'

/** Locks that exclude each other: of one server, or of two. */
export interface LockPair {
  readonly uploader: KeyLocks
  readonly collector: KeyLocks
}

const OTHER = `reef/files/${'0'.repeat(64)}` as RemoteKey
const RULES = { graceMs: 0, retentionMs: 0 }
const { signal } = new AbortController()
let lastKey = 0
const newKey = () => `reef/files/${(++lastKey).toString(16).padStart(64, '0')}` as RemoteKey

export const keyLocksSuite = (open: (clock: Clock) => LockPair): void => {
  it('locks exclusively only what is not locked, and shared as often as wanted', async () => {
    const { uploader, collector } = open(testClock())
    const [used, free] = [newKey(), newKey()]
    const [first, second] = [await uploader.acquireShared(used, signal), await uploader.acquireShared(used, signal)]
    const lock = await collector.tryExclusive([used, free])
    expect(lock.keys).toEqual(new Set([free]))
    expect((await collector.tryExclusive([used, free])).keys).toEqual(new Set())
    await lock.release([free])
    await first.release()
    expect((await collector.tryExclusive([used, free])).keys).toEqual(new Set([free]))
    await second.release()
    expect((await collector.tryExclusive([used, free])).keys).toEqual(new Set([used]))
  })

  it('makes an upload wait for the delete, and refuses it after a minute', async () => {
    const clock = testClock()
    const { uploader, collector } = open(clock)
    const key = newKey()
    const lock = await collector.tryExclusive([key])
    const renewals = clock.timers
    const [waiting, leaving] = [uploader.acquireShared(key, signal), new AbortController()]
    const left = uploader.acquireShared(key, leaving.signal)
    await expect.poll(() => clock.timers, { timeout: 60_000 }).toBe(renewals + 2)
    leaving.abort(new Error('The client has left.'))
    await expect(left).rejects.toThrow('The client has left.')
    await lock.release([key])
    lock.end()
    clock.advance(100)
    await waiting
    const other = newKey()
    await collector.tryExclusive([other])
    const refused = uploader.acquireShared(other, signal).catch((error: unknown) => error)
    await expect.poll(() => clock.timers, { timeout: 60_000 }).toBe(renewals + 1)
    clock.advance(60_000)
    expect(await refused).toMatchObject({
      code: 'storage_unavailable',
      message: 'This content is being removed. Send the file again in a minute.',
    })
  })

  it('keeps the bytes of each acknowledged upload, whatever the order of its steps and those of the collector', async () => {
    const seen = new Set<string>()
    for (let choices = 0; choices < 2 ** STEPS; choices++) seen.add(await play(open, choices))
    expect(seen).toEqual(new Set(['found', 'written again']))
  }, 120_000)
}

/** Calls of both that take turns: other orders differ only in what comes after the collector or the upload has ended. */
const STEPS = 8

/** @param choices who is next, bit by bit @returns how the upload came to its bytes */
const play = async (open: (clock: Clock) => LockPair, choices: number): Promise<string> => {
  const key = newKey()
  const store = memoryStore({ publicBaseUrl: '', secret: URL_SECRET })
  const log = new Set<RemoteKey>()
  let outcome = ''
  const turns = new Turns()
  let poll: Clock['setTimer']
  const { uploader, collector } = open({
    now: () => 0,
    setTimer: (run, ms) => (ms === POLL_MS ? poll(run, ms) : () => {}),
  })
  const run = async (turn: Turn) => {
    await turn(() => {})
    const services = servicesOf(store, log, collector, turn)
    await collect({ ...services, storeId: 'reef', rules: RULES, accept: true, now: inAnHour })
  }
  // The first run only plans.
  await run(async (call) => call())
  await store.put(key, new Uint8Array(1), { size: 1 })

  const upload = async (turn: Turn) => {
    // Each time that it polls is a turn.
    poll = (again) => (void turn(again), () => {})
    const lock = await turn(() => uploader.acquireShared(key, signal))
    const isStored = await turn(() => store.exists(key))
    if (!isStored) await store.put(key, new Uint8Array(1), { size: 1 })
    await turn(() => log.add(key))
    await turn(() => lock.release())
    outcome = isStored ? 'found' : 'written again'
  }
  const ends = [turns.start('collector', run), turns.start('upload', upload)]
  for (let step = 0; turns.waiting.size > 0; step++) {
    const names = [...turns.waiting.keys()].toSorted()
    await turns.give(names[(choices >> step) % 2 === 0 ? 0 : names.length - 1]!)
  }
  await Promise.all(ends)
  expect(await store.exists(key), `order ${choices.toString(2)}`).toBe(true)
  return outcome
}

const inAnHour = () => Date.now() + 60 * 60_000

/** What the collector works with: it takes a turn before its lock, before it reads the log with it, and before a delete. */
const servicesOf = (store: ObjectStore, log: ReadonlySet<RemoteKey>, locks: KeyLocks, turn: Turn) => {
  const liveSets: LiveSets = {
    storeIds: async () => ['reef'],
    read: async () => ({ logId: 'log', live: new Set([OTHER, ...log]), named: new Set([OTHER, ...log]) }),
    reportLost: async () => {},
  }
  const tryExclusive: KeyLocks['tryExclusive'] = async (keys) => {
    await turn(() => {})
    const lock = await locks.tryExclusive(keys)
    await turn(() => {})
    return lock
  }
  const remove: ObjectStore['delete'] = async (key, options) => {
    if (!key.startsWith('gc/')) await turn(() => {})
    await store.delete(key, options)
  }
  return { liveSets, keyLocks: { ...locks, tryExclusive }, store: { ...store, delete: remove } }
}
