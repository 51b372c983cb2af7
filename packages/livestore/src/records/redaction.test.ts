/** A store that hostile writers filled while a server checked nothing: opened, synced, redacted, and opened again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SECRET, signToken } from '@rockpool/access/testing'
import type { PoolEvent } from '@rockpool/core'
import { findRefused, type SqlEventLog } from '@rockpool/sync-server'
import { sqliteLogs, startSyncServer } from '@rockpool/sync-server/node'
import { expect, it, onTestFinished, vi } from 'vitest'
import { liveStoreLog } from '../log/live-store-log.ts'
import { makeSync } from '../sync-client/make-sync.ts'
import { openClient } from '../testing/clients.ts'
import { fileAdded, fileArgs, HOSTILE_EVENTS, type HostileEvent } from '../testing/hostile-events.ts'

const STORE = `redacted-${process.pid}`
const CAUSE = { by: 'operator', reason: 'It is not of this store.' }

const setUp = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'rockpool-redaction-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const start = async (port: number) => {
    const logs = await sqliteLogs({ directory: path.join(folder, 'logs') })
    const running = await startSyncServer({ secrets: [SECRET], logs, port, onError: () => {} })
    return { ...running, log: (await logs.open(STORE)) as SqlEventLog }
  }
  let server = await start(0)
  onTestFinished(() => server.stop())

  const open = async (clientId: string, own?: string) => {
    const sync = makeSync({ url: server.url, token: () => signToken(STORE) })
    const data = own === undefined ? {} : { folder: path.join(folder, own) }
    const store = await openClient({ storeId: STORE, clientId, sync, ...data })
    let closed: Promise<void> | undefined
    const close = () => (closed ??= store.shutdownPromise())
    onTestFinished(close)
    const log = liveStoreLog({ store })
    const ids = () => log.list({}).map(({ id }) => id)
    const commitAdded = ({ opId, ...args }: Record<string, unknown>) =>
      log.append([{ name: 'v2.FileAdded', opId, args: { ...args, meta: {} } } as PoolEvent])
    return {
      close,
      ids,
      add: (id: string) => commitAdded(fileArgs(STORE, id)),
      /** As its outbox does when it does not know whether the event is in the log. */
      repeat: ({ argsJson }: Pick<HostileEvent, 'argsJson'>) => commitAdded(JSON.parse(argsJson!)),
      lists: (...expected: string[]) =>
        vi.waitFor(() => expect(ids()).toEqual(expect.arrayContaining(expected)), { interval: 5, timeout: 20_000 }),
      listsOnly: (...expected: string[]) =>
        vi.waitFor(() => expect(ids().toSorted()).toEqual(expected.toSorted()), { interval: 5, timeout: 20_000 }),
    }
  }

  return {
    server: () => server,
    restart: async () => {
      const port = Number(new URL(server.url).port)
      await server.stop()
      server = await start(port)
    },
    /** As another server took it. */
    append: async (events: readonly HostileEvent[]) => {
      const head = await server.log.head()
      const stored = events.map((event, index) => ({
        clientId: 'hostile',
        sessionId: 's',
        ...event,
        seqNum: head + 1 + index,
      }))
      await server.log.append(head, stored, { sub: 'mallory', at: 0 })
    },
    open,
  }
}

const filesOf = async ({ readModel }: SqlEventLog) => (await readModel.files({ limit: 1_000 })).files

it('every kind of poison is redacted, and all devices agree: new ones, running ones, and those that had applied it', async () => {
  const { server, restart, append, open } = await setUp()
  await append([fileAdded(STORE, 'first')])
  for (const [index, make] of Object.values(HOSTILE_EVENTS).entries()) await append(make(STORE, `hostile-${index}`))
  await append([fileAdded(STORE, 'last')])
  const poisoned = await server().log.head()

  const applied = await open('applied', 'applied')
  await applied.lists('last')
  applied.add('of-applied')
  const running = await open('running')
  await running.lists('last', 'of-applied')
  expect(running.ids().filter((id) => id.startsWith('hostile')).length).toBeGreaterThan(5)
  await applied.close()

  const { redact, log } = server()
  for await (const page of findRefused(log, { storeId: STORE })) {
    for (const { seqNum } of page) await redact(STORE, seqNum, CAUSE)
  }
  // What is left is well-formed: a person has to see that it is not of this store.
  const strangers = async () => (await filesOf(log)).filter(({ id }) => id.startsWith('hostile'))
  expect((await strangers()).length).toBeGreaterThan(2)
  // Until none is left: behind a redacted event, a second one of the same id counts.
  for (let left = await strangers(); left.length > 0; left = await strangers()) {
    for (const { seqNum } of left) await redact(STORE, seqNum, CAUSE)
  }

  const honest = ['first', 'last', 'of-applied', 'of-running']
  running.add('of-running')
  await running.listsOnly(...honest)
  for (let round = 0; round < 2; round++) {
    await (await open(`new-${round}`)).listsOnly(...honest)
    const again = await open('applied', 'applied')
    await again.listsOnly(...honest)
    await again.close()
    expect((await filesOf(server().log)).map(({ id }) => id).toSorted()).toEqual(honest.toSorted())
    expect(await server().log.readModel.failures()).toEqual([])
    const redactions = await server().log.redactions()
    expect(redactions.length).toBeGreaterThan(30)
    for (const { by, original } of redactions) {
      expect([by, original.sub]).toEqual(['operator', 'mallory'])
      expect(original.seqNum).toBeLessThan(poisoned)
    }
    await restart()
  }

  const [ofFirstKind] = await server().log.redactions()
  const author = await open('author')
  await author.listsOnly(...honest)
  const head = await server().log.head()
  author.repeat(ofFirstKind!.original)
  author.add('behind-the-repeat')
  running.repeat(ofFirstKind!.original)
  running.add('of-running-again')
  const all = [...honest, 'behind-the-repeat', 'of-running-again']
  for (const client of [author, running, await open('last')]) await client.listsOnly(...all)
  expect(await server().log.head()).toBe(head + 2)
})
