import type { FileEventKind } from '@rockpool/sync-server'
import { describe, expect, it } from 'vitest'
import { formatCursor, parseCursor } from './cursor.ts'
import { isReadable, toStorageEvent } from './storage-event.ts'

const EVENT = {
  ...{ seqNum: 7, fileId: 'f1', bucket: 'inbox', path: 'a/b.png', remoteKey: 'shop/inbox/o/a' as never },
  ...{ ownerId: 'ada', sub: 'bob', at: 1_700_000_000_000 },
}

it.each<[FileEventKind, string]>([
  ['added', 'created'],
  ['replaced', 'updated'],
  ['renamed', 'updated'],
  ['metaSet', 'updated'],
  ['restored', 'updated'],
  ['deleted', 'deleted'],
])('%s: storage.object.%s', (kind, type) => {
  expect(toStorageEvent('shop', 'log', { ...EVENT, kind })).toEqual({
    type: `storage.object.${type}`,
    ...{ id: 'f1', store_id: 'shop', bucket: 'inbox', path: 'a/b.png', owner_id: 'ada' },
    timestamp: '2023-11-14T22:13:20.000Z',
    cursor: 'log.7',
  })
})

it.each([
  ['store', 'eve', true],
  ['public', 'eve', true],
  ['owner', 'ada', true],
  ['owner', 'eve', false],
] as const)('an event of a file of ada in a bucket of %s access reaches %s: %s', (access, sub, expected) => {
  expect(isReadable(EVENT, sub, { inbox: { access } })).toBe(expected)
})

it('an event of a bucket that is not configured reaches nobody', () => {
  expect(isReadable(EVENT, 'ada', { files: { access: 'store' } })).toBe(false)
  expect(isReadable({ ...EVENT, bucket: 'constructor' }, 'ada', {})).toBe(false)
})

describe('a cursor', () => {
  const parse = (text: string) => parseCursor(text, 'b6', 12)

  it.each([
    ['0', 0],
    ['b6.0', 0],
    [formatCursor('b6', 12), 12],
  ])('%s is event %i', (text, seqNum) => expect(parse(text)).toBe(seqNum))

  it.each(['', '12', 'b6', 'b6.-1', 'b6.1e3', `b6.${'9'.repeat(16)}`, 'b6.1.2'])('"%s" is none', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'bad_request' }))
  })

  it.each(['b7.3', 'b6.13'])('%s belongs to another log', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })
})
