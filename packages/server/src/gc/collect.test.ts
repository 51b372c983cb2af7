import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@rockpool/object-store'
import { openLocalStore } from '@rockpool/object-store/local'
import { PART_SIZE, type RemoteKey } from '@rockpool/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { contentOf, URL_SECRET } from '../testing/content.ts'
import { collect, type CollectOptions } from './collect.ts'
import { collectAll } from './collect-all.ts'
import type { LiveSets } from './live-set.ts'
import { type KeyLocks, memoryKeyLocks } from './key-locks.ts'

const DAY = 24 * 60 * 60 * 1000
let directory: string
let store: Awaited<ReturnType<typeof openLocalStore>>
let log: { logId: string; live: Set<RemoteKey>; named: Set<RemoteKey> }
let lost: RemoteKey[]
let liveSets: LiveSets
let days: number

/** Live all along: a log that names nothing deletes nothing. */
const OTHER = `reef/files/${'0'.repeat(64)}` as RemoteKey

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-gc-'))
  store = await openLocalStore({ directory, publicBaseUrl: '', secret: URL_SECRET })
  log = { logId: 'log', live: new Set([OTHER]), named: new Set() }
  lost = []
  days = 0
  liveSets = {
    storeIds: async () => ['reef'],
    read: async () => ({ logId: log.logId, live: new Set(log.live), named: new Set([...log.named, ...log.live]) }),
    reportLost: async (_, keys) => void lost.push(...keys),
  }
  // What a store has done before.
  const { planOnly } = await run()
  if (!planOnly) throw new Error('The first run only plans.')
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const started = Date.now()
const run = (options: Partial<CollectOptions> = {}) =>
  collect({ store, liveSets, storeId: 'reef', now: () => started + days * DAY, ...options })
const stored = async (seed: number, size = 10, storeId = 'reef') => {
  const { address, bytes } = await contentOf(size, seed)
  const key = `${storeId}/files/${address}` as RemoteKey
  await store.put(key, bytes, { size })
  if (size > PART_SIZE) await store.put(`${key}.parts`, new Uint8Array(64), { size: 64 })
  return key
}
/** The log cannot be read the `nth` time, from 1. */
const failingAt = (nth: number, message: string): LiveSets => {
  let reads = 0
  return {
    ...liveSets,
    read: async (...args) => {
      if (++reads === nth) throw new Error(message)
      return liveSets.read(...args)
    },
  }
}
/** The process sleeps for 61 s when it has read the log. */
const sleepyLiveSets = (): LiveSets => ({
  ...liveSets,
  read: async (...args) => {
    const set = await liveSets.read(...args)
    days += 61 / 86_400
    return set
  },
})
const there = async () => (await store.list('')).objects.map(({ key }) => key).filter((key) => !key.startsWith('gc/'))

test('what nothing names goes after its grace, with its digest list; the rest stays', async () => {
  const [dead, big, live] = [await stored(1), await stored(2, PART_SIZE + 1), await stored(3)]
  const foreign = await stored(1, 10, 'lagoon')
  await store.put('reef/notes.txt', new Uint8Array(3), { size: 3 })
  log.live.add(live)
  days = 6
  expect(await run()).toMatchObject({ seen: 3, deleted: 0 })
  days = 8
  expect(await run({ dryRun: true })).toMatchObject({ seen: 3, deleted: 2, bytes: PART_SIZE + 11 })
  expect(await there()).toHaveLength(6)
  expect(await run()).toEqual({ planOnly: false, seen: 3, deleted: 2, bytes: PART_SIZE + 11, lost: 0, waiting: 0 })
  expect((await there()).sort()).toEqual([foreign, 'reef/notes.txt', live].sort())
  expect([dead, big].every((key) => !log.live.has(key))).toBe(true)
})

test('what an upload is about to name stays, and so does what it named while the collector began', async () => {
  const key = await stored(1)
  days = 8
  const keyLocks = memoryKeyLocks()
  const upload = await keyLocks.acquireShared(key, new AbortController().signal)
  expect(await run({ keyLocks })).toMatchObject({ deleted: 0, lost: 0 })
  const endsFirst: KeyLocks = {
    ...keyLocks,
    tryExclusive: async (keys) => {
      log.live.add(key)
      await upload.release()
      return keyLocks.tryExclusive(keys)
    },
  }
  expect(await run({ keyLocks: endsFirst })).toMatchObject({ deleted: 0, lost: 0 })
  expect(await there()).toEqual([key])
  log.live.delete(key)
  expect(await run({ keyLocks, accept: true })).toMatchObject({ deleted: 1 })
})

test('a delete that failed keeps its lock, since it may take effect later', async () => {
  const [failing, other] = [await stored(1), await stored(2)]
  days = 8
  const keyLocks = memoryKeyLocks()
  const failed: ObjectStore = {
    ...store,
    delete: async (key, options) => {
      if (key === failing) throw new Error('S3 is down.')
      await store.delete(key, options)
    },
  }
  await expect(run({ store: failed, keyLocks })).rejects.toThrow('down')
  expect((await keyLocks.tryExclusive([failing, other])).keys).toEqual(new Set([other]))
})

test('what was named once waits for the retention from when the collector saw it gone, and being named again resets that', async () => {
  const key = await stored(1)
  log.live.add(key)
  await run()
  log.live.clear()
  log.named.add(key)
  days = 100
  expect(await run({ accept: true })).toMatchObject({ waiting: 1, deleted: 0 })
  days = 130
  expect(await run()).toMatchObject({ waiting: 1, deleted: 0 })
  log.live.add(key)
  days = 132
  expect(await run()).toMatchObject({ waiting: 0, deleted: 0 })
  log.live.clear()
  days = 133
  expect(await run({ accept: true })).toMatchObject({ waiting: 1, deleted: 0 })
  days = 163
  expect(await run()).toMatchObject({ waiting: 1, deleted: 0 })
  days = 165
  expect(await run()).toMatchObject({ waiting: 0, deleted: 1 })
  expect(await there()).toEqual([])
})

test('collects the orphans of a small store after a user deletes one file, and after users delete every file', async () => {
  const keys = [await stored(1), await stored(2), await stored(3), await stored(4)]
  log = { logId: 'log', live: new Set(keys), named: new Set(keys) }
  await run()
  for (const [seed, deleted] of [[5, keys.slice(0, 1)] as const, [6, keys] as const]) {
    await stored(seed)
    for (const key of deleted) log.live.delete(key)
    days += 8
    expect(await run()).toMatchObject({ deleted: 1, waiting: deleted.length })
    expect((await there()).sort()).toEqual([...keys].sort())
  }
})

test('reads the memory of a server that counted live files, and refuses a log that names fewer than that', async () => {
  const keys = [await stored(1), await stored(2), await stored(3)]
  const old = new TextEncoder().encode(JSON.stringify({ logId: 'log', liveCount: 3, goneSince: {}, pending: [] }))
  await store.put('gc/reef/000000000000009', old, { size: old.length })
  days = 50
  log = { logId: 'log', live: new Set(keys.slice(1)), named: new Set() }
  await expect(run()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('20 %') })
  log.named = new Set(keys)
  expect(await run()).toMatchObject({ waiting: 1, deleted: 0 })
})

test('refuses to run when the log names over 20 % fewer files, or is another one, until an operator accepts it', async () => {
  const keys = [await stored(1), await stored(2), await stored(3)]
  log.live = new Set(keys)
  await run()
  days = 50
  log.live.delete(keys[0]!)
  await expect(run()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('20 %') })
  log = { logId: 'other', live: new Set(keys), named: new Set() }
  await expect(run()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('another one') })
  expect(await there()).toHaveLength(3)
  await run({ accept: true })
  expect(await run()).toMatchObject({ deleted: 0 })
})

test('a log that cannot be read deletes nothing, at either reading', async () => {
  await stored(1)
  days = 8
  for (const nth of [1, 2]) {
    await expect(run({ liveSets: failingAt(nth, 'The sync backend is down.') })).rejects.toThrow('down')
    expect(await there()).toHaveLength(1)
  }
})

test('a run that died between deleting and looking again: the next one reports what was named meanwhile', async () => {
  const key = await stored(1)
  days = 8
  await expect(run({ liveSets: failingAt(3, 'killed') })).rejects.toThrow('killed')
  expect(await there()).toEqual([])
  log.live.add(key)
  expect(await run()).toMatchObject({ lost: 1 })
  expect(lost).toEqual([key])
  await run()
  expect(lost).toEqual([key])
})

test('a process that slept after reading the log deletes nothing more', async () => {
  await stored(1)
  days = 8
  expect(await run({ liveSets: sleepyLiveSets() })).toMatchObject({ deleted: 0 })
  expect(await there()).toHaveLength(1)
})

test('what waited out the retention and was not reached goes in the next run', async () => {
  log.named.add(await stored(1))
  await run()
  days = 32
  expect(await run({ liveSets: sleepyLiveSets() })).toMatchObject({ deleted: 0, waiting: 0 })
  expect(await run()).toMatchObject({ deleted: 1 })
})

/** Another collector does `what` when this one has remembered and read. */
const meanwhile = (what: () => Promise<unknown>): LiveSets => {
  let reads = 0
  return {
    ...liveSets,
    read: async (...args) => {
      const set = await liveSets.read(...args)
      if (++reads === 1) await what()
      return set
    },
  }
}

test.each([
  ['has written once', 1],
  ['has written several times, and tidied up', 2],
])('two at once: when the other %s, this one deletes nothing', async (_, runs) => {
  const key = await stored(1)
  const other = async () => {
    for (let i = 0; i < runs; i++) await run()
    days = 50
  }
  await expect(run({ liveSets: meanwhile(other) })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('Another collector'),
  })
  expect(await there()).toEqual([key])
  expect((await store.list('gc/')).objects).toHaveLength(1)
  expect(await run()).toMatchObject({ deleted: 1 })
  expect((await store.list('gc/')).objects).toHaveLength(1)
})

test('while another one deletes, or died at it less than 20 minutes ago, none begins; a dry run may', async () => {
  const key = await stored(1)
  days = 8
  // The store's clock is the machine's: the other one writes now.
  const at = (minutes: number) => () => Date.now() + minutes * 60_000
  const rules = { graceMs: 0, retentionMs: 0 }
  await expect(run({ liveSets: failingAt(3, 'killed'), rules, now: at(0) })).rejects.toThrow('killed')
  log.live.add(key)
  await expect(run({ now: at(19) })).rejects.toMatchObject({ code: 'conflict' })
  expect(await run({ now: at(19), dryRun: true })).toMatchObject({ lost: 0 })
  expect(lost).toEqual([])
  expect(await run({ now: at(21) })).toMatchObject({ lost: 1 })
})

test('of several stores, one that fails leaves the others alone; stopped, none is begun or told of any more', async () => {
  const flags = { dryRun: false, accept: false, graceMs: 0, keyLocks: memoryKeyLocks() }
  const told: unknown[] = []
  const tell = (storeId: string, outcome: unknown) => told.push([storeId, outcome])
  const read = async (storeId: string) => {
    if (storeId === 'reef') throw new Error('The sync backend is down.')
    return { ...log }
  }
  const two = { ...liveSets, storeIds: async () => ['reef', 'lagoon'], read }
  await collectAll(store, two, flags, new AbortController().signal, tell)
  expect(told).toEqual([
    ['reef', expect.objectContaining({ message: 'The sync backend is down.' })],
    ['lagoon', expect.objectContaining({ seen: 0 })],
  ])

  const stopping = new AbortController()
  const stop = async (storeId: string) => {
    expect(storeId).toBe('reef')
    stopping.abort()
    return { ...log }
  }
  await expect(collectAll(store, { ...two, read: stop }, flags, stopping.signal, tell)).rejects.toThrow('abort')
  expect(told).toHaveLength(2)
})

test('a damaged state stops the run', async () => {
  await stored(1)
  await store.put('gc/reef/000000000000001', new TextEncoder().encode('{"logId":1}'), { size: 11 })
  days = 50
  await expect(run()).rejects.toMatchObject({ code: 'bad_request' })
  expect(await there()).toHaveLength(1)
})

test('the first run of a store says what would go, and a later one deletes it', async () => {
  for (const { key } of (await store.list('gc/')).objects) await store.delete(key)
  await stored(1)
  const rules = { graceMs: 0, retentionMs: 0 }
  days = 1
  expect(await run({ rules, accept: true })).toMatchObject({ planOnly: true, deleted: 1, bytes: 10 })
  expect(await there()).toHaveLength(1)
  expect(await run({ rules })).toMatchObject({ planOnly: false, deleted: 1 })
  expect(await there()).toEqual([])
})

test('a log that names nothing deletes nothing', async () => {
  await stored(1)
  log.live.clear()
  days = 50
  expect(await run({ accept: true, rules: { graceMs: 0, retentionMs: 0 } })).toMatchObject({ seen: 1, deleted: 0 })
  expect(await there()).toHaveLength(1)
})
