import { describe, expect, test } from 'vitest'
import type { RemoteKey } from '@rockpool/protocol'
import { memoryReplica } from '../memory/replica.ts'
import { eventMaker } from '../testing/sample-events.ts'
import type { RecordEvent } from './record-state.ts'
import { decodeLegacyEvent, type LegacyEventName } from './legacy-event.ts'

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]
const pathOf = (hash: string) => `livestore-filesync-files/shop/${hash}`
const keyOf = (hash: string) => `shop/${hash}` as RemoteKey
const DAY = '2025-11-26T09:00:00.000Z'
const CREATED = { id: 'x', path: pathOf(A), contentHash: A, createdAt: DAY, updatedAt: DAY }
const UPDATED = { id: 'x', path: pathOf(A), contentHash: A, remoteKey: keyOf(A), updatedAt: DAY }
const EDITED = { ...UPDATED, path: pathOf(B), contentHash: B, remoteKey: '' }

const argsOf = (name: LegacyEventName, args: unknown) => decodeLegacyEvent(name, args)?.args

describe('decodeLegacyEvent', () => {
  test.each([
    ['the key of 0.8.0', { remoteKey: keyOf(A) }, true],
    ['a URL', { remoteKey: undefined, remoteUrl: `https://files.example/a/${keyOf(A)}?v=1#x` }, true],
    ['a path with a slash', { remoteKey: undefined, remoteUrl: `/${keyOf(A)}` }, true],
    ['nothing, before the upload', { remoteKey: '' }, false],
    ['the URL of the former content', { remoteKey: undefined, remoteUrl: `https://files.example/${keyOf(B)}` }, false],
    ['a URL of an unknown form', { remoteKey: undefined, remoteUrl: 'ipfs://bafy' }, false],
  ])('gives the remote key of a file whose place is %s', (_, place, stored) => {
    const remoteUrl = place.remoteKey ?? (place as { readonly remoteUrl?: string }).remoteUrl
    const args = argsOf('v1.FileUpdated', { ...UPDATED, ...place })
    expect(args).toMatchObject({ remoteKey: keyOf(A), remoteUrl, stored })
  })

  test.each<[string, unknown]>([
    ['no args', undefined],
    ['a list', []],
    ['an id with NUL', { ...UPDATED, id: 'x\0' }],
    ['a hash that is none', { ...UPDATED, contentHash: 'abc' }],
    ['a hash of several parts, which is ours', { ...UPDATED, contentHash: `${A}-2` }],
    ['neither path nor URL of a store', { ...UPDATED, path: 'x.jpg', remoteKey: '' }],
    ['a path of other content', { ...UPDATED, path: pathOf(B), remoteKey: '' }],
    ['a time that is none', { ...UPDATED, updatedAt: 'soon' }],
    ['a URL that is no text', { ...UPDATED, remoteKey: 7 }],
  ])('reads no event with %s', (_, args) => {
    expect(decodeLegacyEvent('v1.FileUpdated', args)).toBeUndefined()
  })

  test.each<[string, unknown, unknown]>([
    ['as it is', '{"mimeType":"image/png","sizeBytes":3}', { mimeType: 'image/png', sizeBytes: 3 }],
    ['as none when it is no JSON', '{"half', {}],
    ['as none when it is a list', '[1]', {}],
    ['as none when it was cleared', null, {}],
    ['as unchanged when it is not there', undefined, undefined],
  ])('takes metadata %s', (_, metadataJson, meta) => {
    expect(argsOf('v1.FileUpdated', { ...UPDATED, metadataJson })).toMatchObject({ meta })
  })

  test('moves a time to the years that calendars show', () => {
    expect(argsOf('v1.FileDeleted', { id: 'x', deletedAt: '+010000-01-01T00:00:00.000Z' })).toEqual({
      id: 'x',
      at: 253_402_300_799_999,
    })
  })
})

const legacy = (name: LegacyEventName, args: unknown) => decodeLegacyEvent(name, args)!
const ours = eventMaker('shop', 'op')

const after = (...events: readonly RecordEvent[]) => {
  const replica = memoryReplica()
  for (const event of events) replica.apply(event)
  return replica
}

describe('a file of livestore-filesync', () => {
  const created = legacy('v1.FileCreated', CREATED)
  const uploaded = legacy('v1.FileUpdated', UPDATED)
  const edited = legacy('v1.FileUpdated', EDITED)
  const moved = ours.replaced('x', { remoteKey: ours.key(10), size: 7, basedOn: keyOf(A) })
  /** The bytes of A under a key of ours. */
  const copied = ours.replaced('x', { remoteKey: `shop/files/${A}` as RemoteKey, size: 7, basedOn: keyOf(A) })

  test('is a file from its creation, and stored from the update after its upload', () => {
    const row = { id: 'x', name: A, size: 0, remoteKey: keyOf(A), bucket: 'files', meta: {}, deletedAt: null }
    const before = after(created)
    expect(before.files.get('x')).toMatchObject({ ...row, remoteUrl: '' })
    expect(before.remoteContents.size).toBe(0)
    const { files, remoteContents, versions } = after(created, uploaded)
    expect(files.get('x')).toMatchObject({ ...row, remoteUrl: keyOf(A) })
    expect(remoteContents.get(keyOf(A))).toMatchObject({ stored: true, proved: false })
    expect(versions.size).toBe(1)
  })

  test('has type and size by its metadata', () => {
    const metadataJson = '{"mimeType":"image/png","sizeBytes":3}'
    const { files } = after(legacy('v1.FileCreated', { ...CREATED, metadataJson }))
    expect(files.get('x')).toMatchObject({ type: 'image/png', size: 3 })
  })

  test('keeps the former content as a version when an old client edits it', () => {
    const { files, versions } = after(created, uploaded, edited)
    expect(files.get('x')).toMatchObject({ name: B, remoteKey: keyOf(B), remoteUrl: '' })
    expect([...versions.values()].map(({ remoteKey, conflict }) => [remoteKey, conflict])).toEqual([
      [keyOf(A), false],
      [keyOf(B), false],
    ])
  })

  test('keeps the key of a newer client when an old one reports its upload of the same bytes', () => {
    const { files, remoteContents } = after(created, copied, uploaded)
    expect(files.get('x')).toMatchObject({ remoteKey: `shop/files/${A}`, size: 7, remoteUrl: keyOf(A) })
    expect(remoteContents.get(keyOf(A))).toMatchObject({ stored: true })
  })

  test('is in conflict when an old client edits what a newer one has edited', () => {
    const { files, versions } = after(created, moved, edited)
    expect(files.get('x')!.remoteKey).toBe(keyOf(B))
    expect(versions.get(moved.opId)!.conflict).toBe(true)
  })

  test('stays deleted when the update after its upload comes later', () => {
    const { files } = after(created, legacy('v1.FileDeleted', { id: 'x', deletedAt: DAY }), uploaded)
    expect(files.get('x')!.deletedAt).toBe(Date.parse(DAY))
  })

  test.each([
    ['creation', [created, uploaded, edited], legacy('v1.FileCreated', CREATED)],
    ['update', [created, uploaded, edited], legacy('v1.FileUpdated', UPDATED)],
    ['edit', [created, edited, moved], legacy('v1.FileUpdated', EDITED)],
  ])('does not change by a copy of its %s', (_, events, copy) => {
    expect(after(...events, copy)).toEqual({ ...after(...events), apply: expect.any(Function) })
  })

  test('does not come from an update of an unknown file', () => {
    expect(after(uploaded).files.size).toBe(0)
  })
})
