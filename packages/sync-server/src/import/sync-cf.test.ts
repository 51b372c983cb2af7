/** Logs that were really written by LiveStore's sync-cf, under Miniflare. */
import { cp, readFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SECRET, signToken } from '@rockpool/access/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { sqliteLogs } from '../adapters/sqlite/index.ts'
import { makeFolder, removeFolder, testFolder } from '../test-support/folder.ts'
import { startWorker } from '../test-support/miniflare.ts'
import { eventsAfter } from '../testing/events.ts'
import { httpClient } from '../testing/http-client.ts'
import { writeSyncCfLog } from '../test-support/sync-cf.ts'
import { findSyncCfFiles, importSyncCfLog } from './sync-cf-file.ts'

const idsOf = (clientId: string) => ({ clientId, sessionId: `session of ${clientId}` })
const EVENTS = [
  { name: 'v2.FileAdded', args: { id: 'x', meta: { b: 1, a: '𝄞' } }, seqNum: 1, parentSeqNum: 0, ...idsOf('one') },
  { name: 'v1.NoteCreated', args: undefined, seqNum: 2, parentSeqNum: 1, ...idsOf('two') },
  { name: 'v1.NoteCreated', args: { text: 'third' }, seqNum: 3, parentSeqNum: 2, ...idsOf('one') },
]

let folder: string
let file: string
let backendId: string
beforeAll(async () => {
  folder = await makeFolder()
  backendId = await writeSyncCfLog(folder, 'my-shop', EVENTS)
  file = (await findSyncCfFiles(folder))[0]!
}, 60_000)
afterAll(() => removeFolder(folder))

const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }

describe('importSyncCfLog', { timeout: 60_000 }, () => {
  it('keeps numbers, events, times and the backend id, and leaves the file as it is', async () => {
    const directory = await testFolder()
    const before = await readFile(file)
    expect(await importSyncCfLog({ file, directory })).toEqual({
      storeId: 'my-shop',
      backendId,
      head: 3,
      renumbered: 0,
    })
    expect(await readFile(file)).toEqual(before)

    const logs = await sqliteLogs({ directory })
    const log = await logs.open('my-shop')
    expect(log.backendId).toBe(backendId)
    const { events } = await log.read(0, ALL)
    expect(events).toEqual(
      EVENTS.map(({ args, parentSeqNum: _, ...event }) =>
        Object.assign(event, {
          argsJson: args && JSON.stringify(args),
          sub: undefined,
          at: expect.closeTo(Date.now(), -6),
        }),
      ),
    )
    // A device that pushed the last event and lost the response pushes it again.
    const [next] = eventsAfter(3, 'next')
    const { sub: _, at: __, ...last } = events[2]!
    expect(await log.append(2, [last, next!], { sub: 'ada', at: 1 })).toMatchObject({ kind: 'appended', firstNew: 1 })
    await logs.close()
  })

  it('changes nothing when it is repeated, also after the log has grown', async () => {
    const directory = await testFolder()
    await importSyncCfLog({ file, directory })
    const logs = await sqliteLogs({ directory })
    await (await logs.open('my-shop')).append(3, eventsAfter(3, 'a'), { sub: 'ada', at: 1 })
    await logs.close()
    expect(await importSyncCfLog({ file, directory })).toMatchObject({ head: 4 })
  })

  it('refuses a folder that has another log of the store', async () => {
    const directory = await testFolder()
    const logs = await sqliteLogs({ directory })
    await logs.open('my-shop')
    await logs.close()
    await expect(importSyncCfLog({ file, directory })).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('refuses a folder that a server uses', async () => {
    const directory = await testFolder()
    const logs = await sqliteLogs({ directory })
    await expect(importSyncCfLog({ file, directory })).rejects.toMatchObject({ code: 'locked' })
    await logs.close()
  })

  it('refuses a log that lacks an event, and leaves no log behind', async () => {
    const directory = await testFolder()
    const copy = await testFolder()
    await cp(folder, copy, { recursive: true })
    const broken = (await findSyncCfFiles(copy))[0]!
    const database = new DatabaseSync(broken)
    database.exec('DELETE FROM eventlog_7_my_shop WHERE seqNum = 2')
    database.close()
    const importing = importSyncCfLog({ file: broken, directory })
    await expect(importing).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('lacks event 2'),
    })
    expect(await importSyncCfLog({ file, directory })).toMatchObject({ head: 3 })
  })

  it('closes the gaps of wrong numbers, after which no device could read on', async () => {
    const persist = await testFolder()
    const note = { name: 'v1.NoteCreated', ...idsOf('mallory') }
    const wrong = [
      { ...note, args: { text: 'far ahead' }, seqNum: 1_001, parentSeqNum: 3 },
      { ...note, args: { text: 'largest' }, seqNum: Number.MAX_SAFE_INTEGER, parentSeqNum: 1_001 },
    ]
    await writeSyncCfLog(persist, 'my-shop', [...EVENTS, ...wrong])
    const database = new DatabaseSync((await findSyncCfFiles(persist))[0]!)
    database.exec(`
      INSERT INTO eventlog_7_my_shop (seqNum, parentSeqNum, name, args, createdAt, clientId, sessionId)
      VALUES (${2n ** 62n}, 3, 'v1.NoteCreated', '{"text":"huge"}', '', 'm', 's')`)
    database.close()
    const directory = await testFolder()
    const imported = await importSyncCfLog({ file: (await findSyncCfFiles(persist))[0]!, directory })
    expect(imported).toMatchObject({ head: 6, renumbered: 3 })

    const logs = await sqliteLogs({ directory })
    onTestFinished(() => logs.close())
    const { events } = await (await logs.open('my-shop')).read(3, ALL)
    expect(events.map(({ seqNum, argsJson }) => [seqNum, JSON.parse(argsJson!).text])).toEqual([
      [4, 'far ahead'],
      [5, 'largest'],
      [6, 'huge'],
    ])
  })

  it('is done by the Durable Object that takes the place of the one of sync-cf', async () => {
    const persist = await testFolder()
    await cp(folder, persist, { recursive: true })
    const worker = await startWorker({ bindings: { ROCKPOOL_JWT_SECRET: SECRET }, persist })
    onTestFinished(() => worker.stop())
    const http = httpClient(`${worker.origin}/sync`, 'my-shop', await signToken('my-shop'))
    const { body } = await http.events()
    expect(body).toEqual({ backendId, head: 3, events: JSON.parse(JSON.stringify(EVENTS)) })
    expect((await http.push(3, eventsAfter(3, 'next'))).body).toEqual({ backendId, head: 4 })
    await worker.evict('my-shop')
    expect((await http.head()).body).toEqual({ backendId, head: 4 })
  })

  it.each([
    ['another version of sync-cf wrote', ['eventlog_6_my_shop'], 'Another version of sync-cf'],
    ['holds events of sync-cf in D1', ['eventlog_7_my_shop'], 'in D1'],
  ])('refuses a database that %s', async (_, tables, message) => {
    const other = path.join(await testFolder(), 'other.sqlite')
    const database = new DatabaseSync(other)
    for (const table of tables) database.exec(`CREATE TABLE "${table}" (seqNum INTEGER PRIMARY KEY)`)
    database.close()
    const directory = await testFolder()
    await expect(importSyncCfLog({ file: other, directory })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(message),
    })
    expect(await importSyncCfLog({ file, directory })).toMatchObject({ head: 3 })
  })

  it('refuses the database of a Durable Object whose events are in D1', async () => {
    const copy = await testFolder()
    await cp(folder, copy, { recursive: true })
    const withoutEvents = (await findSyncCfFiles(copy))[0]!
    const database = new DatabaseSync(withoutEvents)
    database.exec('DROP TABLE eventlog_7_my_shop')
    database.close()
    await expect(importSyncCfLog({ file: withoutEvents, directory: await testFolder() })).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('in D1'),
    })
  })

  it('imports nothing from a database that sync-cf has not written to', async () => {
    const empty = path.join(await testFolder(), 'empty.sqlite')
    new DatabaseSync(empty).close()
    expect(await importSyncCfLog({ file: empty, directory: await testFolder() })).toBe(undefined)
  })
})
