/** What the author, and others, may push after a redaction; and what connected devices receive. */
import { poolArgs, SECRET, signToken } from '@rockpool/access/testing'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { sqliteLogs } from '../adapters/sqlite/index.ts'
import type { LogEvent } from '../event-log/event.ts'
import { startSyncServer } from '../node/start.ts'
import { testFolder } from '../test-support/folder.ts'
import { toWire } from '../testing/events.ts'
import { type HttpClient, httpClient } from '../testing/http-client.ts'
import { connectLive } from '../testing/live-client.ts'

const CAUSE = { by: 'operator', reason: 'It broke every device.' }
const ADDED = poolArgs('shop')['v2.FileAdded']
const DIRECTORY = { directory: '' }

let server: Awaited<ReturnType<typeof start>>
let http: HttpClient

const start = async () => {
  const logs = await sqliteLogs(DIRECTORY)
  const running = await startSyncServer({ secrets: [SECRET], logs })
  http = httpClient(running.url, 'shop', await signToken('shop', { rights: ['read', 'write', 'delete'] }))
  return running
}
beforeEach(async () => {
  DIRECTORY.directory = await testFolder()
  server = await start()
  onTestFinished(() => server.stop())
})

const event = (seqNum: number, name: string, args: unknown, from: Partial<LogEvent> = {}): LogEvent => ({
  name,
  argsJson: JSON.stringify(args),
  seqNum,
  clientId: 'mallory',
  sessionId: 's#page.0',
  ...from,
})
const poison = (seqNum: number, from: Partial<LogEvent> = {}) => event(seqNum, 'v2.FileAdded', ADDED, from)
const note = (seqNum: number, text: string, from: Partial<LogEvent> = {}) =>
  event(seqNum, 'v1.NoteCreated', { text, list: [1] }, from)
const codesOf = async (parent: number, ...events: readonly LogEvent[]) => {
  const { status, body } = await http.push(parent, events)
  return [status, ...(body.refused ?? []).map(({ code }: { readonly code: string }) => code)]
}

it('at its old number the original is a conflict, and behind the log it is refused, after a restart, too', async () => {
  await http.push(0, [poison(1)])
  await server.redact('shop', 1, CAUSE)
  for (let round = 0; round < 2; round++) {
    const conflict = await http.push(0, [poison(1)])
    expect(conflict.status).toBe(409)
    expect(conflict.body.events[0]).toMatchObject({ name: 'v2.ContentLost', args: {} })
    const { status, body } = await http.push(2, [poison(3), note(4, 'behind it')])
    expect([status, body.head, body.taken]).toEqual([422, 2, 0])
    expect(body.refused).toEqual([
      { index: 0, code: 'redacted', message: expect.stringMatching(/^The operator .*\.$/) },
    ])
    await server.stop()
    server = await start()
  }
})

it('a push that may be renumbered is refused, too', async () => {
  await http.push(0, [poison(1)])
  await server.redact('shop', 1, CAUSE)
  const body = JSON.stringify({ parent: 0, mayRenumber: true, events: [toWire(poison(1))] })
  expect(await http.post(body)).toMatchObject({ status: 422, body: { taken: 0, refused: [{ code: 'redacted' }] } })
})

it('its opId is refused of another author and with other args; the file may be deleted, not changed', async () => {
  await http.push(0, [poison(1)])
  await server.redact('shop', 1, CAUSE)
  const { id, opId } = ADDED
  const another = { clientId: 'another', sessionId: 'another' }
  const change = (name: string, args: object) => event(3, name, { id, at: 1, opId: 'new', ...args }, another)
  expect(await codesOf(2, poison(3, another))).toEqual([422, 'redacted'])
  expect(await codesOf(2, event(3, 'v2.FileAdded', { ...ADDED, id: 'else', name: 'x' }, another))).toEqual([
    422,
    'redacted',
  ])
  expect(await codesOf(2, event(3, 'v2.FileDeleted', { id: 'else', at: 1, opId }))).toEqual([422, 'redacted'])
  for (const name of ['v2.FileRestored', 'v2.FileRenamed']) {
    expect(await codesOf(2, change(name, { name: 'x' }))).toEqual([422, 'redacted'])
  }
  expect(await codesOf(2, event(3, 'v2.FileAdded', { ...ADDED, opId: 'new' }))).toEqual([422, 'redacted'])
  expect(await codesOf(2, change('v2.FileDeleted', {}))).toEqual([200])
  expect(await codesOf(3, event(4, 'v2.FileAdded', { ...ADDED, id: 'else', opId: 'new' }))).toEqual([200])
})

it("an app's own event is refused of its author only, whatever the order of keys", async () => {
  await http.push(0, [note(1, 'poison')])
  await server.redact('shop', 1, CAUSE)
  expect(await codesOf(1, event(2, 'v1.NoteCreated', { list: [1], text: 'poison' }))).toEqual([422, 'redacted'])
  expect(await codesOf(1, note(2, 'another text'))).toEqual([200])
  expect(await codesOf(2, note(3, 'poison', { sessionId: 's#page.1' }))).toEqual([200])
  expect(await codesOf(3, note(4, 'poison', { clientId: 'another' }))).toEqual([200])
})

it('an event that changed a file leaves the file open to others', async () => {
  const renamed = { id: ADDED.id, name: 'evil', at: 1, opId: 'rename' }
  await http.push(0, [poison(1), event(2, 'v2.FileRenamed', renamed)])
  const { added } = await server.redact('shop', 2, CAUSE)
  expect(added).toMatchObject([{ name: 'v2.FileRenamed', seqNum: 3 }])
  expect(JSON.parse(added[0]!.argsJson!)).toMatchObject({ name: ADDED.name })
  expect(await codesOf(3, event(4, 'v2.FileRenamed', { ...renamed, opId: 'again', name: 'good' }))).toEqual([200])
})

it('a push that had just been cached is served redacted', async () => {
  await http.push(0, [poison(1), note(2, 'good')])
  expect((await http.events()).body.events[0]).toMatchObject({ name: 'v2.FileAdded' })
  await server.redact('shop', 1, CAUSE)
  const names = ['v2.ContentLost', 'v1.NoteCreated', 'v2.FileDeleted']
  expect((await http.events()).body.events).toMatchObject(names.map((name) => ({ name })))
})

it('connected devices receive the compensating event, and the head where there is none', async () => {
  await http.push(0, [poison(1), note(2, 'poison')])
  const live = connectLive(server.url, 'shop', await signToken('shop'), { since: 2 })
  onTestFinished(() => live.socket.terminate())
  expect(await live.next()).toMatchObject({ since: 2, head: 2, events: [] })
  await server.redact('shop', 1, CAUSE)
  expect(await live.next()).toMatchObject({ since: 2, head: 3, events: [{ seqNum: 3, name: 'v2.FileDeleted' }] })
  await server.redact('shop', 2, CAUSE)
  expect(await live.next()).toMatchObject({ since: 3, head: 3, events: [] })
})
