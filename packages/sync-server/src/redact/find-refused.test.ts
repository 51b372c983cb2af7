import { poolArgs } from '@rockpool/access/testing'
import { ownerOf } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { memoryLogs } from '../adapters/memory.ts'
import { eventBytes, type LogEvent } from '../event-log/event.ts'
import { findRefused, type FindOptions, type FoundEvent } from './find-refused.ts'
import { inertEvent } from './redaction.ts'

const POOL = poolArgs('shop')
const BUCKETS = { files: { access: 'store' }, inbox: { access: 'owner' } } as const

type Unnumbered = Omit<LogEvent, 'seqNum'>
const event = (name: string, argsJson: string | undefined, from: Partial<LogEvent> = {}): Unnumbered => ({
  name,
  argsJson,
  clientId: 'c',
  sessionId: 's',
  ...from,
})
const added = (change: object = {}) => event('v2.FileAdded', JSON.stringify({ ...POOL['v2.FileAdded'], ...change }))
const inboxOf = async (sub: string) =>
  added({ remoteKey: String(POOL['v2.FileAdded'].remoteKey).replace('files/', `inbox/${await ownerOf(sub)}/`) })

const find = async (
  events: readonly Unnumbered[],
  { sub, ...options }: Partial<FindOptions> & { readonly sub?: string | undefined } = { sub: 'ada' },
) => {
  const log = await memoryLogs().open('shop')
  const numbered = events.map((each, index) => Object.assign({ seqNum: index + 1 }, each))
  await log.append(0, numbered, { sub, at: 1 })
  const pages: (readonly FoundEvent[])[] = []
  for await (const page of findRefused(log, { storeId: 'shop', buckets: BUCKETS, ...options })) pages.push(page)
  return pages
}
const codes = async (...given: Parameters<typeof find>) =>
  (await find(...given)).flat().map(({ seqNum, code }) => [seqNum, code])

it('finds nothing in a log that the gate would take', async () => {
  const taken = Object.entries(POOL).map(([name, args]) => event(name, JSON.stringify(args)))
  expect(await find([...taken, event('v1.NoteCreated', undefined), await inboxOf('ada')])).toEqual([])
})

it('says number, name, size, author and reason', async () => {
  const [page] = await find([added(), event('v2.FileAdded', '{}')])
  expect(page).toEqual([
    {
      seqNum: 2,
      name: 'v2.FileAdded',
      bytes: eventBytes({ ...event('v2.FileAdded', '{}'), seqNum: 2 }),
      sub: 'ada',
      code: 'bad_event',
      message: expect.stringMatching(/^This change cannot be saved: .*\.$/),
    },
  ])
})

it.each<[string, Unnumbered, string]>([
  ['args 200,000 levels deep', event('note', `${'['.repeat(200_000)}${']'.repeat(200_000)}`), 'bad_event'],
  ['args 502 levels deep', event('note', `${'['.repeat(502)}${']'.repeat(502)}`), 'bad_event'],
  ['args that are no JSON', event('note', '{"half'), 'bad_event'],
  ['a number out of range', event('note', '{"a":1e999}'), 'bad_event'],
  ['2 MB', added({ name: 'x'.repeat(2_000_000) }), 'event_too_large'],
  ['a file name that is a path', added({ name: 'a/b' }), 'bad_name'],
  ['a time before 1970', added({ at: -9e15 }), 'bad_event'],
  ['a client id of 100 kB', event('note', '{}', { clientId: 'x'.repeat(100_000) }), 'event_too_large'],
  ['a client id of 65 characters', event('note', '{}', { clientId: 'x'.repeat(65) }), 'bad_event'],
  ['a reserved name', event('v9.FileAdded', '{}'), 'unknown_event'],
])('finds an event with %s', async (_, poison, code) => {
  expect(await codes([added(), poison, added()])).toEqual([[2, code]])
})

it("finds what is another user's, unless the author is unknown", async () => {
  const other = await inboxOf('bob')
  expect(await codes([other], { sub: 'ada' })).toEqual([[1, 'forbidden']])
  expect(await codes([other], { sub: undefined })).toEqual([])
})

it('leaves out what stands in place of a redacted event', async () => {
  const { seqNum: _, ...inert } = inertEvent(1)
  expect(await find([inert])).toEqual([])
})

it('reads in pages, and starts after an event', async () => {
  const bad = event('v2.FileAdded', '{}')
  const events = Array.from({ length: 2_500 }, (_, index) => (index % 1_000 === 500 ? bad : added()))
  const numbersOf = (pages: readonly (readonly FoundEvent[])[]) => pages.map((page) => page.map(({ seqNum }) => seqNum))
  expect(numbersOf(await find(events))).toEqual([[501], [1_501]])
  expect(numbersOf(await find(events, { since: 501 }))).toEqual([[1_501]])
})
