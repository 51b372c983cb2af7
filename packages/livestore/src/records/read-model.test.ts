/** What the server reads of a log is what a client shows, whatever the log holds. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Store } from '@livestore/livestore'
import { SECRET, signToken } from '@rockpool/access/testing'
import { packMeta, type PoolEvent } from '@rockpool/core/records'
import { ownerOf, type RemoteKey } from '@rockpool/protocol'
import type { SqlEventLog, StoredFile } from '@rockpool/sync-server'
import { sqliteLogs, startSyncServer } from '@rockpool/sync-server/node'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeSync } from '../sync-client/make-sync.ts'
import { anyEvents, brokenEvent, legacyEvents, renameKeys } from '../testing/any-events.ts'
import { openClient, type schema } from '../testing/clients.ts'
import { event, fileAdded, HOSTILE_EVENTS, type HostileEvent } from '../testing/hostile-events.ts'
import { rockpoolEvents } from './events.ts'
import { rockpoolTables } from './tables.ts'

const WAIT = { interval: 5, timeout: 20_000 }

const PUSHER = 'mallory'
const OWNERS: Readonly<Record<string, string>> = {
  a: await ownerOf(PUSHER),
  b: await ownerOf('somebody else'),
  c: 'no owner',
}

let server: Awaited<ReturnType<typeof startSyncServer>>
let directory: string
let log: SqlEventLog
let client: Store<typeof schema>
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'rockpool-read-model-'))
  const logs = await sqliteLogs({ directory })
  server = await startSyncServer({ secrets: [SECRET], logs })
  log = await logs.open('shop')
  const sync = makeSync({ url: server.url, token: () => signToken('shop') })
  client = await openClient({ storeId: 'shop', clientId: 'client', sync })
})
afterAll(async () => {
  await client.shutdownPromise()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Past the server's checks. */
const append = async (events: readonly HostileEvent[]) => {
  const head = await log.head()
  const stored = events.map((each, index) => ({ clientId: 'other', sessionId: 's', ...each, seqNum: head + 1 + index }))
  await log.append(head, stored, { sub: PUSHER, at: 0 })
}

let markers = 0

/** Appends an event of the client. It is in the log once the client has everything before it. */
const clientHasTheLog = async () => {
  const { opId, ...args } = JSON.parse(fileAdded('shop', `marker-${markers++}`).argsJson!)
  client.commit(rockpoolEvents.fileAdded({ opId: `${opId}-marker`, ...args, meta: {} }))
  await vi.waitFor(async () => expect(await log.readModel.file(args.id)).toBeDefined(), WAIT)
}

const byKey = <Row>(rows: readonly Row[], key: keyof Row): readonly Row[] =>
  rows.toSorted((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1))

const ofClient = () => ({
  // The server has no use for a URL of livestore-filesync that names no key.
  files: byKey(
    client.query(rockpoolTables.rockpoolFiles).map(({ remoteUrl: _, ...file }) => file),
    'id',
  ),
  versions: byKey(client.query(rockpoolTables.rockpoolFileVersions), 'id'),
  contents: byKey(client.query(rockpoolTables.rockpoolRemoteContents), 'remoteKey'),
})

const ofServer = async () => {
  const { readModel } = log
  const files: StoredFile[] = []
  let cursor: string | undefined
  do {
    const page = await readModel.files({ state: 'any', limit: 1_000, ...(cursor !== undefined && { cursor }) })
    files.push(...page.files)
    cursor = page.cursor
  } while (cursor !== undefined)
  const versions = await Promise.all(files.map(({ id }) => readModel.versions(id)))
  const contentOf = async (key: RemoteKey) => {
    const { check: _, ...content } = (await readModel.content(key))!
    return content
  }
  const keys = client.query(rockpoolTables.rockpoolRemoteContents).map(({ remoteKey }) => remoteKey)
  // An event may name any owner. The owner in the read model is the user who pushed it.
  for (const { ownerId, owner } of files) if (owner !== undefined) expect(ownerId).toBe(PUSHER)
  return {
    files: byKey(
      files.map(({ ownerId: _, seqNum: __, owner = null, path = null, ...record }) =>
        Object.assign(record, { owner, path }),
      ),
      'id',
    ),
    versions: byKey(versions.flat(), 'id'),
    contents: byKey(await Promise.all(keys.map(contentOf)), 'remoteKey'),
  }
}

const serverAgrees = async () => {
  await clientHasTheLog()
  // The client's session follows its leader.
  await vi.waitFor(async () => expect(await ofServer()).toEqual(ofClient()), WAIT)
  expect(await log.readModel.failures()).toEqual([])
}

/** Names the owner segment of the pusher, as the gate requires, that of another user, or a text that is no owner segment. */
const toHostile = ({ name, opId, args }: PoolEvent): HostileEvent => {
  const owner = 'owner' in args && { owner: OWNERS[args.owner!.charAt(2)] }
  return event(name, packMeta({ ...args, ...owner, opId }) as Record<string, unknown>)
}

/** What a text may end with: mostly nothing, else what JavaScript and SQLite do not take for the same. */
const anyEnding = fc.oneof(
  { weight: 40, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\0x', '\uD800', '\uDC00', '\uFFFD') },
)

const withEndings = ({ name, argsJson }: HostileEvent, endings: Iterator<string>): HostileEvent => {
  const args: Record<string, unknown> = JSON.parse(argsJson!)
  for (const field of ['id', 'opId', 'name', 'type', 'remoteKey', 'basedOn', 'etag', 'path']) {
    if (typeof args[field] === 'string') args[field] += endings.next().value
  }
  return event(name, args)
}

describe('the read model and a client agree', { timeout: 120_000 }, () => {
  let runs = 0

  it('on the files, versions and contents of any log', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyEvents,
        fc.array(brokenEvent, { maxLength: 5 }),
        legacyEvents,
        fc.infiniteStream(anyEnding),
        async (events, broken, legacy, endings) => {
          const prefix = `run${++runs}-`
          const own = events.map((each) => withEndings(toHostile(renameKeys(each, prefix)), endings))
          const other = broken.map(({ name, args }) => event(name, args))
          const old = legacy.map(({ name, args }) => event(name, { ...args, id: `${prefix}${args.id}` }))
          await append([...own, ...old, ...other, ...own.toReversed(), ...old.toReversed()])
          await serverAgrees()
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })

  it.each(Object.keys(HOSTILE_EVENTS))('on a log with %s', async (name) => {
    await append(HOSTILE_EVENTS[name]!('shop', `of ${name}`))
    await serverAgrees()
  })

  it('also when the tables are made anew', async () => {
    await log.readModel.rebuild()
    await serverAgrees()
  })
})
