import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RemoteKey } from '@rockpool/protocol'
import { memoryReplica, type Replica } from '../memory/replica.ts'
import { eventMaker, SAMPLE_CONTENTS, SAMPLE_IDS, sampleReceipt } from '../testing/sample-events.ts'
import type { PoolEvent } from './events.ts'

const event = eventMaker('store', 'op')
const key = event.key

const after = (...events: readonly PoolEvent[]): Replica => {
  const replica = memoryReplica()
  for (const event of events) replica.apply(event)
  return replica
}

/** All rows but the marks of which operations came. */
const records = ({ files, versions, remoteContents }: Replica) => ({ files, versions, remoteContents })

describe('the event table', () => {
  test('FileAdded inserts a live file and its first version', () => {
    const added = event.added('f1', { at: 5, meta: { album: 'x' } })
    const { files, versions } = after(added)
    expect(files.get('f1')).toEqual({
      id: 'f1',
      name: 'f1.jpg',
      type: 'image/jpeg',
      size: 3,
      remoteKey: key(1),
      bucket: 'files',
      meta: { album: 'x' },
      version: added.opId,
      createdAt: 5,
      updatedAt: 5,
      deletedAt: null,
    })
    expect([...versions.values()]).toEqual([
      { id: added.opId, fileId: 'f1', remoteKey: key(1), size: 3, type: 'image/jpeg', at: 5, conflict: false },
    ])
  })

  test.each([
    ['live', []],
    ['deleted', [event.deleted('f1')]],
  ])('FileAdded never updates a %s file', (_, between) => {
    const before = [event.added('f1'), ...between]
    expect(records(after(...before, event.added('f1', { name: 'other', remoteKey: key(2) })))).toEqual(
      records(after(...before)),
    )
  })

  test('FileAdded with a legacy key, or one that is none, inserts nothing', () => {
    const legacy = `store/${'a'.repeat(64)}` as RemoteKey
    const bad = '../x' as RemoteKey
    expect(after(event.added('f1', { remoteKey: legacy }), event.added('f2', { remoteKey: bad })).files.size).toBe(0)
  })

  describe('FileContentReplaced', () => {
    test('brings the new content; the former one stays as a version', () => {
      const added = event.added('f1', { at: 5, meta: { kept: true } })
      const replaced = event.replaced('f1', { remoteKey: key(2, 'photos'), basedOn: key(1), at: 6 })
      const { files, versions } = after(added, event.renamed('f1', 'kept'), replaced)
      expect(files.get('f1')).toMatchObject({
        name: 'kept',
        meta: { kept: true },
        remoteKey: key(2, 'photos'),
        bucket: 'photos',
        size: 4,
        type: 'image/png',
        version: replaced.opId,
        createdAt: 5,
        updatedAt: 6,
      })
      expect([...versions.values()]).toMatchObject([
        { id: added.opId, remoteKey: key(1), conflict: false },
        { id: replaced.opId, remoteKey: key(2, 'photos'), conflict: false },
      ])
    })

    test('of two at once the last one wins, and the other is marked as a conflict', () => {
      const [one, two] = [event.replaced('f1', { remoteKey: key(2) }), event.replaced('f1', { remoteKey: key(3) })]
      const { files, versions } = after(event.added('f1'), one, two)
      expect(files.get('f1')!.remoteKey).toBe(key(3))
      expect(versions.get(one.opId)!.conflict).toBe(true)
      expect(versions.get(two.opId)!.conflict).toBe(false)
    })

    test('lifts a tombstone, and is a conflict', () => {
      const added = event.added('f1')
      const { files, versions } = after(added, event.deleted('f1'), event.replaced('f1'))
      expect(files.get('f1')).toMatchObject({ deletedAt: null, remoteKey: key(2) })
      expect(versions.get(added.opId)!.conflict).toBe(true)
    })

    test('by the same bytes, on two devices at once, is no conflict', () => {
      const [one, two] = [event.replaced('f1'), event.replaced('f1')]
      const { files, versions } = after(event.added('f1'), one, two)
      expect(files.get('f1')).toMatchObject({ remoteKey: key(2), version: two.opId })
      expect([...versions.values()].map(({ conflict }) => conflict)).toEqual([false, false, false])
    })

    test('of an unknown file, or with a key that is none, changes nothing', () => {
      const added = event.added('f1')
      const bad = event.replaced('f1', { remoteKey: 'x' as RemoteKey })
      expect(records(after(added, event.replaced('f2'), bad))).toEqual(records(after(added)))
    })
  })

  test.each([
    ['FileRenamed', event.renamed('f1', 'new'), { name: 'new' }],
    ['FileMetaSet', event.metaSet('f1', { a: 1 }), { meta: { a: 1 } }],
    ['FileDeleted', event.deleted('f1'), { deletedAt: expect.any(Number) }],
  ])('%s changes its own fields and updatedAt only', (_, edit, changed) => {
    const added = event.added('f1')
    const { files, versions } = after(added, edit)
    const before = after(added)
    expect(files.get('f1')).toEqual({
      ...before.files.get('f1'),
      ...changed,
      updatedAt: (edit.args as { at: number }).at,
    })
    expect(versions).toEqual(before.versions)
  })

  test.each([
    event.renamed('f1', 'x'),
    event.metaSet('f1', {}),
    event.deleted('f1'),
    event.restored('f1'),
    event.replaced('f1'),
  ])('$name of an unknown file changes nothing, also not when the file comes later', (edit) => {
    expect(records(after(edit)).files.size).toBe(0)
    const added = event.added('f1')
    expect(records(after(edit, added, edit))).toEqual(records(after(added)))
  })

  test('a deleted file can be renamed, and is still deleted', () => {
    const { files } = after(event.added('f1'), event.deleted('f1'), event.renamed('f1', 'x'))
    expect(files.get('f1')).toMatchObject({ name: 'x', deletedAt: expect.any(Number) })
  })

  test('FileDeleted of a deleted file keeps the first tombstone', () => {
    const first = event.deleted('f1')
    const before = [event.added('f1'), first]
    expect(records(after(...before, event.deleted('f1')))).toEqual(records(after(...before)))
  })

  test('FileRestored takes the tombstone away; of a live file it changes nothing', () => {
    const added = event.added('f1')
    expect(after(added, event.deleted('f1'), event.restored('f1')).files.get('f1')!.deletedAt).toBeNull()
    expect(records(after(added, event.restored('f1')))).toEqual(records(after(added)))
  })

  test('ContentStored and ContentLost say what is known of a remote key, by the last one', () => {
    const content = (...events: readonly PoolEvent[]) => after(...events).remoteContents.get(key(1))
    const known = { remoteKey: key(1), proved: false, seenAt: null, etag: null, versionId: null }
    expect(content(event.stored(key(1), '"e"'))).toEqual({ ...known, stored: true, etag: '"e"' })
    expect(content(event.stored(key(1), '"e"'), event.lost(key(1)))).toEqual({ ...known, stored: false })
    expect(content(event.lost(key(1)), event.stored(key(1)))).toEqual({ ...known, stored: true })
    expect(content(event.stored(key(2)))).toBeUndefined()
    expect(content(event.stored(key(1, 'photos')))).toBeUndefined()
  })

  describe('ContentStored with a receipt', () => {
    const proved = (at: number, etag?: string) => event.stored(key(1), etag, { receipt: sampleReceipt(at) })
    const claimed = (etag?: string) => event.stored(key(1), etag)
    const lost = () => event.lost(key(1))

    test.each<[string, readonly PoolEvent[], object]>([
      ['is proved', [proved(5, 'e')], { stored: true, proved: true, seenAt: 5, etag: 'e' }],
      ['is proved after a claim', [claimed('c'), proved(5)], { stored: true, proved: true, seenAt: 5, etag: null }],
      ['stays proved after a claim', [proved(5, 'e'), claimed('c')], { proved: true, seenAt: 5, etag: 'e' }],
      ['is replaced by a newer one', [proved(5, 'e'), proved(6, 'f')], { proved: true, seenAt: 6, etag: 'f' }],
      ['is not replaced by an older one', [proved(5, 'e'), proved(4, 'd')], { proved: true, seenAt: 5, etag: 'e' }],
      ['ends with a loss', [proved(5, 'e'), lost()], { stored: false, proved: false, seenAt: 5, etag: null }],
      ['is only claimed after a loss and a claim', [proved(5), lost(), claimed()], { stored: true, proved: false }],
      ['is proved again after a loss by a newer one', [proved(5), lost(), proved(6)], { proved: true, seenAt: 6 }],
      ['is only claimed after a loss by a copy of it', [proved(5), lost(), proved(5)], { stored: true, proved: false }],
      ['is only claimed after a loss by an older one', [proved(5), lost(), proved(4)], { proved: false, seenAt: 5 }],
      [
        'is proved by a newer one though a copy came first',
        [proved(5), lost(), proved(5), proved(6)],
        { proved: true, seenAt: 6 },
      ],
      ['is only claimed when it is malformed', [event.stored(key(1), 'e', { receipt: 'r1.3' })], { proved: false }],
    ])('%s', (_, events, expected) => {
      expect(after(...events).remoteContents.get(key(1))).toMatchObject(expected)
    })

    test('proves one remote key only', () => {
      expect(after(proved(5), event.stored(key(2))).remoteContents.get(key(2))).toMatchObject({ proved: false })
    })
  })

  test('ContentStored of what is no key is ignored', () => {
    expect(after(event.stored('store/files/x' as RemoteKey), event.lost('' as RemoteKey)).remoteContents.size).toBe(0)
  })

  test('two files of one content: deleting one leaves the other (peer failure 1)', () => {
    const { files } = after(event.added('f1'), event.added('f2'), event.deleted('f1'))
    expect(files.get('f2')).toMatchObject({ deletedAt: null, remoteKey: key(1) })
  })

  test('an event of a newer version changes nothing', () => {
    const unknown = { name: 'v3.FileFolded', opId: 'op', args: undefined } as unknown as PoolEvent
    const { operations, ...rest } = after(unknown)
    expect([operations.size, rest.files.size]).toEqual([0, 0])
  })
})

describe('any events in any order', () => {
  const id = fc.constantFrom(...SAMPLE_IDS)
  const remoteKey = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...SAMPLE_CONTENTS.map((n) => key(n)), key(1, 'photos')) },
    { weight: 1, arbitrary: fc.string().map((text) => text as RemoteKey) },
  )
  const size = fc.nat()
  const at = fc.nat(100)
  const text = fc.string({ maxLength: 5 })
  const receipt = fc.oneof(
    fc.nat(9).map((at) => sampleReceipt(at)),
    text,
  )
  const meta = fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }))
  const fact = (
    name: PoolEvent['name'],
    args: Readonly<Record<string, fc.Arbitrary<unknown>>>,
    optional: readonly string[] = [],
  ): fc.Arbitrary<PoolEvent> =>
    fc
      .record(args, { requiredKeys: Object.keys(args).filter((arg) => !optional.includes(arg)) })
      .map((args) => ({ name, opId: '', args }) as unknown as PoolEvent)

  const facts = fc
    .array(
      fc.oneof(
        fact('v2.FileAdded', { id, name: text, type: text, size, remoteKey, meta, at }),
        fact('v2.FileContentReplaced', { id, remoteKey, size, type: text, basedOn: remoteKey, at }),
        fact('v2.FileRenamed', { id, name: text, at }),
        fact('v2.FileMetaSet', { id, meta, at }),
        fact('v2.FileDeleted', { id, at }),
        fact('v2.FileRestored', { id, at }),
        fact('v2.ContentStored', { remoteKey, etag: text, versionId: text, receipt }, ['etag', 'versionId', 'receipt']),
        fact('v2.ContentLost', { remoteKey }),
      ),
      { maxLength: 30 },
    )
    .map((events) => events.map((event, i) => ({ ...event, opId: `op-${i}` })))

  /** Events, and the same with copies at later places. */
  const withCopies = fc
    .tuple(facts, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 }))
    .map(([events, copies]) => {
      const repeated = [...events]
      for (const [from, to] of copies) {
        const source = events[from % Math.max(1, events.length)]
        if (!source) continue
        const first = repeated.indexOf(source)
        repeated.splice(first + 1 + (to % (repeated.length - first)), 0, source)
      }
      return { events, repeated }
    })

  test('never throw, and unknown names and shapes neither change anything', () => {
    const strange = fc.record({ name: fc.string(), opId: fc.string(), args: fc.anything() }) as fc.Arbitrary<PoolEvent>
    fc.assert(
      fc.property(facts, strange, (events, unknown) => {
        expect(records(after(...events, unknown))).toEqual(records(after(...events)))
      }),
    )
  })

  test('a copy of any event at any later place changes nothing', () => {
    fc.assert(
      fc.property(withCopies, ({ events, repeated }) => {
        expect(records(after(...repeated))).toEqual(records(after(...events)))
      }),
      { numRuns: 500 },
    )
  })

  test('replicas that apply the same order agree, whatever they had applied and taken back before', () => {
    fc.assert(
      fc.property(facts, fc.nat(), (events, at) => {
        const split = at % (events.length + 1)
        const [ahead, behind] = [events.slice(0, split), events.slice(split)]
        // A rebase: what was pending is taken back, the others' events come first.
        const rebased = memoryReplica()
        const undo = behind.map((event) => rebased.apply(event))
        for (const takeBack of undo.toReversed()) takeBack()
        expect(records(rebased)).toEqual(records(memoryReplica()))
        for (const event of [...ahead, ...behind]) rebased.apply(event)
        expect(records(rebased)).toEqual(records(after(...events)))
        expect(rebased.operations).toEqual(after(...events).operations)
      }),
    )
  })

  test('a content is proved only while it is stored, and only by a receipt', () => {
    fc.assert(
      fc.property(facts, (events) => {
        for (const { remoteKey, stored, proved, seenAt } of after(...events).remoteContents.values()) {
          if (!proved) continue
          expect([stored, seenAt]).toEqual([true, expect.any(Number)])
          const receipts = events.map(({ args }) => 'receipt' in args && args.remoteKey === remoteKey && args.receipt)
          expect(receipts).toContain(sampleReceipt(seenAt!))
        }
      }),
    )
  })

  test('every file names a version that is there, has its content, and is no conflict itself', () => {
    fc.assert(
      fc.property(facts, (events) => {
        const { files, versions } = after(...events)
        for (const file of files.values()) {
          const { remoteKey, size, type } = file
          expect(versions.get(file.version)).toMatchObject({ fileId: file.id, remoteKey, size, type, conflict: false })
        }
      }),
    )
  })
})
