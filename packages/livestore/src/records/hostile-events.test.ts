/** A log whose server checks nothing: no event of an adversary may stop a client, today's, a late or a new one. */
import { SECRET, signToken } from '@rockpool/access/testing'
import type { PoolEvent } from '@rockpool/core'
import { memoryLogs } from '@rockpool/sync-server'
import { startSyncServer } from '@rockpool/sync-server/node'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { makeSync } from '../sync-client/make-sync.ts'
import { liveStoreLog } from '../log/live-store-log.ts'
import { openClient } from '../testing/clients.ts'
import { fileAdded, fileArgs, HOSTILE_EVENTS, type HostileEvent } from '../testing/hostile-events.ts'

const logs = memoryLogs()
let server: Awaited<ReturnType<typeof startSyncServer>>
beforeAll(async () => {
  server = await startSyncServer({ secrets: [SECRET], logs, onError: () => {} })
})
afterAll(() => server.stop())

/** Past the server's checks. */
const append = async (storeId: string, events: readonly HostileEvent[]) => {
  const log = await logs.open(storeId)
  const head = await log.head()
  const stored = events.map((event, i) => ({ clientId: 'hostile', sessionId: 's', ...event, seqNum: head + i + 1 }))
  await log.append(head, stored, { sub: 'mallory', at: 0 })
}

const open = async (storeId: string, clientId: string) => {
  const sync = makeSync({ url: server.url, token: () => signToken(storeId) })
  const store = await openClient({ storeId, clientId, sync })
  onTestFinished(() => store.shutdownPromise())
  const log = liveStoreLog({ store })
  return {
    add: (id: string) => {
      const { opId, ...args } = fileArgs(storeId, id)
      log.append([{ name: 'v2.FileAdded', opId, args: { ...args, meta: {} } } as PoolEvent])
    },
    ids: () => log.list({}).map(({ id }) => id),
    lists: (...ids: string[]) =>
      vi.waitFor(() => expect(log.list({}).map(({ id }) => id)).toEqual(expect.arrayContaining(ids)), {
        interval: 5,
        timeout: 60_000,
      }),
  }
}

let stores = 0

it.each(Object.keys(HOSTILE_EVENTS))('%s: every client syncs on and lists everything else', async (name) => {
  const storeId = `hostile-${process.pid}-${stores++}`
  await append(storeId, [fileAdded(storeId, 'first')])
  const victim = await open(storeId, 'victim')
  await victim.lists('first')
  await append(storeId, HOSTILE_EVENTS[name]!(storeId, 'hostile'))
  await append(storeId, [fileAdded(storeId, 'last')])
  victim.add('of-victim')
  const late = await open(storeId, 'late')
  await late.lists('first', 'last', 'of-victim')
  late.add('of-late')
  const third = await open(storeId, 'third')
  for (const client of [victim, late, third]) await client.lists('first', 'last', 'of-victim', 'of-late')
  const listed = victim.ids().toSorted()
  expect(late.ids().toSorted()).toEqual(listed)
  expect(third.ids().toSorted()).toEqual(listed)
  const honest = new Set(['first', 'last', 'of-victim', 'of-late'])
  expect(listed.filter((id) => !honest.has(id) && id !== 'hostile')).toEqual([])
})
