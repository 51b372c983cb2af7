/** Two devices, one of which has applied an event that is redacted: what the server appends makes them agree. */
import type { FileMeta, PoolEvent } from '@rockpool/core/records'
import { formatReceipt, type RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { added, fileKey } from '../testing/file-events.ts'
import { compensate } from './compensate.ts'
import { createReplay } from './replay.ts'

const ADDED = added('reef', { meta: { album: 'fish' } })
const [KEY, OTHER] = [fileKey('reef'), fileKey('other')]

let opIds = 0
const event = (name: PoolEvent['name'], args: object): PoolEvent =>
  ({ name, opId: `op ${opIds++}`, args: { at: 5, ...args } }) as PoolEvent
const replaced = (remoteKey: RemoteKey, basedOn: RemoteKey, change: object = {}) =>
  event('v2.FileContentReplaced', { id: 'reef', remoteKey, size: 9, type: 'image/png', basedOn, ...change })
const renamed = (name: string) => event('v2.FileRenamed', { id: 'reef', name })
const metaSet = (meta: FileMeta) => event('v2.FileMetaSet', { id: 'reef', meta })
const deleted = () => event('v2.FileDeleted', { id: 'reef' })
const restored = () => event('v2.FileRestored', { id: 'reef' })
const stored = (receipt?: string) => event('v2.ContentStored', { remoteKey: KEY, ...(receipt && { receipt }) })
const lost = () => event('v2.ContentLost', { remoteKey: KEY })
const receipt = (at: number) => formatReceipt({ size: 3, at }, `${'a'.repeat(42)}A`)

const numbered = (events: readonly PoolEvent[]) => events.map((event, index) => ({ seqNum: index + 1, event }))
/** The records of both devices after these events. The redacted one is the first that is the subject. */
const replay = (subject: PoolEvent, events: readonly PoolEvent[]) => {
  const log = numbered(events)
  const replay = createReplay(log.find(({ event }) => event === subject)!)
  log.forEach(replay.take)
  return replay.records()
}

/** [before the redacted event], the redacted event, [after it], names of the compensating events */
type Case = readonly [string, readonly PoolEvent[], PoolEvent, readonly PoolEvent[], readonly string[]]

const CASES: readonly Case[] = [
  ['a file', [], ADDED, [], ['v2.FileDeleted']],
  ['a file that was renamed and edited', [], ADDED, [renamed('a'), replaced(OTHER, KEY)], ['v2.FileDeleted']],
  ['a file that was deleted', [], ADDED, [deleted()], []],
  [
    'a file that was added again under its id',
    [],
    ADDED,
    [added('reef', { name: 'b', size: 4 })],
    ['v2.FileContentReplaced', 'v2.FileRenamed', 'v2.FileMetaSet'],
  ],
  ['an event of a file that no device has', [], renamed('a'), [], []],
  ['a name', [ADDED], renamed('evil'), [], ['v2.FileRenamed']],
  ['a name that was changed since', [ADDED], renamed('evil'), [renamed('good')], []],
  ['metadata', [ADDED], metaSet({ evil: true }), [], ['v2.FileMetaSet']],
  ['a delete', [ADDED], deleted(), [], ['v2.FileRestored']],
  ['a delete that an edit has lifted', [ADDED], deleted(), [replaced(OTHER, KEY)], []],
  ['a restore', [ADDED, deleted()], restored(), [], ['v2.FileDeleted']],
  ['a content', [ADDED], replaced(OTHER, KEY), [], ['v2.FileContentReplaced']],
  ['a size', [ADDED], replaced(KEY, KEY, { size: 1e12 }), [], ['v2.FileContentReplaced']],
  ['a content, before a rename', [ADDED], replaced(OTHER, KEY), [renamed('a')], ['v2.FileContentReplaced']],
  [
    'a content that lifted a tombstone',
    [ADDED, deleted()],
    replaced(OTHER, KEY),
    [],
    ['v2.FileContentReplaced', 'v2.FileDeleted'],
  ],
  [
    'a content of a file that was deleted since',
    [ADDED],
    replaced(OTHER, KEY),
    [deleted()],
    ['v2.FileContentReplaced', 'v2.FileDeleted'],
  ],
  ['a copy of an event', [ADDED], ADDED, [], []],
  ['a stored content', [], stored(), [], ['v2.ContentLost']],
  ['a stored content that was stored before', [stored()], stored(), [], []],
  ['a receipt', [stored()], stored(receipt(5)), [], ['v2.ContentLost']],
  ['a stored content that was lost since', [], stored(), [lost()], []],
  ['a lost content', [stored()], lost(), [], []],
]

/** What people see of a file, and what decides about bytes. */
const visible = ({ file, content }: ReturnType<typeof replay>['applied']) => {
  const { name, type, size, remoteKey, meta, deletedAt } = file ?? {}
  return {
    file: file && deletedAt === null ? { name, type, size, remoteKey, meta } : undefined,
    stored: content?.stored ?? false,
    proved: content?.proved ?? false,
  }
}

describe('redacting', () => {
  it.each(CASES)('%s', (_, before, subject, after, names) => {
    // The subject may be a copy of an event before it: only its number differs.
    const redacted = { ...subject }
    const log = [...before, redacted, ...after]
    const records = replay(redacted, log)
    const compensations = compensate(records.applied, records.redacted, 7)
    expect(compensations.map(({ name }) => name)).toEqual(names)
    const events = compensations.map(
      (each, index) => Object.assign({ opId: `compensation ${index}` }, each) as PoolEvent,
    )
    const { applied, redacted: without } = replay(redacted, [...log, ...events])
    if (redacted.name === 'v2.ContentLost') return
    expect(visible(applied)).toEqual(visible(without))
  })

  it('a content makes no conflict on any device', () => {
    const redacted = replaced(OTHER, KEY)
    const { applied, redacted: without } = replay(redacted, [ADDED, redacted])
    const [compensation] = compensate(applied, without, 7)
    expect(compensation).toMatchObject({ args: { remoteKey: KEY, basedOn: OTHER } })
  })
})
