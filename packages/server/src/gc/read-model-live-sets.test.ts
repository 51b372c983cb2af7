/** The collector, fed from the read model, beside writers that add, remove and restore files in the same logs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { memoryStore, type MemoryStore } from '@rockpool/object-store/memory'
import { hashContent, type RemoteKey } from '@rockpool/protocol'
import { appendLost, type SqlEventLog } from '@rockpool/sync-server'
import { type SqliteLogs, sqliteLogs } from '@rockpool/sync-server/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesOf, URL_SECRET } from '../testing/content.ts'
import { collect, type CollectReport } from './collect.ts'
import { readModelLiveSets } from './read-model-live-sets.ts'

const WRITERS = 4
const FILES = 30
const RULES = { graceMs: 0, retentionMs: 0 }

let folder: string
let logs: SqliteLogs
let store: MemoryStore
let log: SqlEventLog
let lost: RemoteKey[]
beforeEach(async () => {
  lost = []
  folder = await mkdtemp(join(tmpdir(), 'rockpool-live-'))
  logs = await sqliteLogs({ directory: folder })
  log = await logs.open('reef')
  store = memoryStore({ publicBaseUrl: '', secret: URL_SECRET })
})
afterEach(async () => {
  await logs.close()
  await rm(folder, { recursive: true })
})

/** Appends behind whatever the log has. */
const append = async (name: string, args: object): Promise<void> => {
  const opId = crypto.randomUUID()
  for (;;) {
    const head = await log.head()
    const event = {
      name,
      argsJson: JSON.stringify({ ...args, opId }),
      seqNum: head + 1,
      clientId: 'c',
      sessionId: `s#${opId.replaceAll('-', '')}.0`,
    }
    if ((await log.append(head, [event], { sub: 'ada', at: 1 })).kind === 'appended') return
  }
}
const keyOf = async (seed: number) => `reef/files/${(await hashContent([bytesOf(40, seed)])).address}` as RemoteKey
const upload = async (seed: number): Promise<RemoteKey> => {
  const [bytes, key] = [bytesOf(40, seed), await keyOf(seed)]
  await store.put(key, bytes, { size: bytes.length })
  return key
}
const add = (id: string, remoteKey: RemoteKey) =>
  append('v2.FileAdded', { id, name: id, type: 'image/png', size: 40, remoteKey, meta: {}, at: 1 })

const liveSets = () =>
  readModelLiveSets({
    logs,
    reportLost: async (storeId, keys) => {
      lost.push(...keys)
      await appendLost(await logs.open(storeId), keys, Date.now())
    },
  })
/** A minute ahead: everything is past its grace. */
const run = (): Promise<CollectReport> =>
  collect({ store, liveSets: liveSets(), storeId: 'reef', rules: RULES, accept: true, now: () => Date.now() + 60_000 })

test('reads what is live and what was ever named, and lists the stores that have a log', async () => {
  const [kept, removed] = [await upload(1), await upload(2)]
  await add('kept', kept)
  await add('removed', removed)
  await append('v2.FileDeleted', { id: 'removed', at: 2 })
  const sets = liveSets()
  const { signal } = new AbortController()
  expect(await sets.storeIds(signal)).toEqual(['reef'])
  expect(await sets.read('reef', signal)).toEqual({
    logId: log.backendId,
    live: new Set([kept]),
    named: new Set([kept, removed]),
  })
})

test('beside writers nothing live is touched, and at rest nothing is left that no file names', async () => {
  await run()
  const live = new Set<RemoteKey>()
  let isOver = false
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (let i = 0; i < FILES; i++) {
      const [id, seed] = [`${writer}-${i}`, writer * 1_000 + i]
      // As devices do it: the record first, the bytes when the network allows. Bytes of a record that was refused are orphans.
      if (i % 5 !== 4) await add(id, await keyOf(seed))
      const key = await upload(seed)
      if (i % 5 === 4) continue
      if (i % 3 === 0) await append('v2.FileDeleted', { id, at: 2 })
      else live.add(key)
    }
  })
  let runs = 0
  const collector = (async () => {
    // Nothing here waits for a disk: without a turn of the event loop, no writer would get its own.
    for (; !isOver; await setImmediate(), runs++) await run()
  })()
  await Promise.all(writers)
  isOver = true
  await collector
  expect(runs).toBeGreaterThan(1)
  await run()
  await run()
  const left = [...store.objects.keys()].filter((key) => !key.startsWith('gc/'))
  expect(new Set(left)).toEqual(live)
  expect(lost).toEqual([])
  expect(await log.readModel.failures()).toEqual([])
})
