import type { Owner, RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { FileRecord } from './record.ts'
import { reuseUnchanged, isSameRecord } from './same-records.ts'

const record = (id: string, patch: Partial<FileRecord> = {}): FileRecord => ({
  id,
  name: `${id}.jpg`,
  type: 'image/jpeg',
  size: 1,
  remoteKey: 'store/files/address' as RemoteKey,
  bucket: 'files',
  meta: { album: 'x' },
  version: 'v1',
  createdAt: 1,
  updatedAt: 1,
  deletedAt: null,
  ...patch,
})

describe('isSameRecord', () => {
  test.each<[string, Partial<FileRecord>]>([
    ['name', { name: 'other.jpg' }],
    ['type', { type: 'image/png' }],
    ['size', { size: 2 }],
    ['content', { remoteKey: 'store/files/other' as RemoteKey }],
    ['owner', { owner: `u_${'o'.repeat(32)}` as Owner }],
    ['path', { path: 'fish/a.jpg' }],
    ['place of livestore-filesync', { remoteUrl: 'store/hash' }],
    ['version', { version: 'v2' }],
    ['metadata', { meta: { album: 'y' } }],
    ['creation', { createdAt: 2 }],
    ['change', { updatedAt: 2 }],
    ['deletion', { deletedAt: 2 }],
  ])('sees another %s', (_what, patch) => {
    expect(isSameRecord(record('a'), record('a', patch))).toBe(false)
  })

  test('takes a record read twice for the same', () => expect(isSameRecord(record('a'), record('a'))).toBe(true))
  test('tells a record from none', () => {
    expect(isSameRecord(record('a'), undefined)).toBe(false)
    expect(isSameRecord(undefined, undefined)).toBe(true)
  })
})

describe('reuseUnchanged', () => {
  const [a, b] = [record('a'), record('b')]

  test('gives the former array when all say the same', () => {
    const before = [a, b]
    expect(reuseUnchanged(before, [record('a'), record('b')])).toBe(before)
  })
  test('gives the former objects beside a changed one', () => {
    const changed = record('b', { name: 'new.jpg' })
    const kept = reuseUnchanged([a, b], [record('a'), changed])
    expect(kept[0]).toBe(a)
    expect(kept[1]).toBe(changed)
  })
  test.each<[string, readonly FileRecord[], readonly string[]]>([
    ['another order', [record('b'), record('a')], ['b', 'a']],
    ['one less', [record('a')], ['a']],
    ['one more', [record('c'), record('a'), record('b')], ['c', 'a', 'b']],
    ['none', [], []],
  ])('follows %s', (_what, next, ids) => {
    expect(reuseUnchanged([a, b], next).map(({ id }) => id)).toEqual(ids)
  })
})
