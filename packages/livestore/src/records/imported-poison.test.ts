/** A store that hostile writers filled under LiveStore's sync-cf, imported: opened, synced, redacted. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SECRET, signToken } from '@rockpool/access/testing'
import type { PoolEvent } from '@rockpool/core'
import { findRefused, type SqlEventLog } from '@rockpool/sync-server'
import { findSyncCfFiles, importSyncCfLog, sqliteLogs, startSyncServer } from '@rockpool/sync-server/node'
import { expect, it, onTestFinished, vi } from 'vitest'
import { writeSyncCfLog } from '../../../sync-server/src/test-support/sync-cf.ts'
import { liveStoreLog } from '../log/live-store-log.ts'
import { makeSync } from '../sync-client/make-sync.ts'
import { openClient } from '../testing/clients.ts'
import { fileAdded, fileArgs, HOSTILE_EVENTS } from '../testing/hostile-events.ts'

const STORE = 'poisoned'

/** What sync-cf takes, and what the gate refuses. */
const KINDS = [
  'null as args',
  'args of other types',
  'metadata 1,000 levels deep',
  'metadata 20,000 levels deep',
  'metadata 200,000 levels deep',
  'times before 1970 and after 9999',
  'lone surrogates',
  'NUL',
  'a client id of 100 kB',
  'a name of 0.7 MB',
] as const

/** A server whose only log is the imported one. The last event has a number far ahead, past which no device of sync-cf reads. */
const importPoisoned = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-poisoned-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const poison = KINDS.flatMap((kind) => HOSTILE_EVENTS[kind]!(STORE, `hostile ${kind}`))
  const events = [fileAdded(STORE, 'first'), ...poison, fileAdded(STORE, 'last')]
  const numbered = events.map(({ name, argsJson, clientId = 'mallory', sessionId = 's' }, index) => ({
    ...{ name, args: JSON.parse(argsJson!), clientId, sessionId },
    seqNum: index + 1 < events.length ? index + 1 : 5_000,
    parentSeqNum: index,
  }))
  const before = path.join(folder, 'sync-cf')
  const backendId = await writeSyncCfLog(before, STORE, numbered)
  const directory = path.join(folder, 'logs')
  const [file] = await findSyncCfFiles(before)
  const imported = await importSyncCfLog({ file: file!, directory })
  expect(imported).toEqual({ storeId: STORE, backendId, head: events.length, renumbered: 1 })

  const logs = await sqliteLogs({ directory })
  const server = await startSyncServer({ secrets: [SECRET], logs, port: 0, onError: () => {} })
  onTestFinished(() => server.stop())
  return { ...server, log: (await logs.open(STORE)) as SqlEventLog }
}

const openDevice = async (url: string, clientId: string) => {
  const store = await openClient({ storeId: STORE, clientId, sync: makeSync({ url, token: () => signToken(STORE) }) })
  onTestFinished(() => store.shutdownPromise())
  const log = liveStoreLog({ store })
  const ids = () => log.list({}).map(({ id }) => id)
  return {
    add: (id: string) => {
      const { opId, ...args } = fileArgs(STORE, id)
      log.append([{ name: 'v2.FileAdded', opId, args: { ...args, meta: {} } } as PoolEvent])
    },
    lists: (expected: unknown) =>
      vi.waitFor(() => expect(ids().toSorted()).toEqual(expected), { interval: 5, timeout: 60_000 }),
  }
}

it(
  'a poisoned log of sync-cf opens, lists and syncs after its import, and is redacted',
  { timeout: 240_000 },
  async () => {
    const { url, log, redact } = await importPoisoned()
    const a = await openDevice(url, 'a')
    await a.lists(expect.arrayContaining(['first', 'last']))
    a.add('of-a')
    const b = await openDevice(url, 'b')
    await b.lists(expect.arrayContaining(['first', 'last', 'of-a']))

    for await (const page of findRefused(log, { storeId: STORE })) {
      for (const { seqNum } of page) await redact(STORE, seqNum, { by: 'operator', reason: 'It is not of this store.' })
    }
    b.add('of-b')
    const honest = ['first', 'last', 'of-a', 'of-b']
    for (const device of [a, b, await openDevice(url, 'new')]) await device.lists(honest)
    expect((await log.readModel.files({ limit: 1_000 })).files.map(({ id }) => id).toSorted()).toEqual(honest)
  },
)
