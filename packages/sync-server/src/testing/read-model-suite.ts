/** Acceptance tests of the read model: every adapter that has one runs them. */
import type { PoolEvent } from '@rockpool/core/records'
import { formatReceipt, type Owner, type RemoteKey } from '@rockpool/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import type { FileQuery } from '../read-model/file-query.ts'
import { keysOf, type ReadModel } from '../read-model/read-model.ts'
import { added, fileKey, toLogEvent } from './file-events.ts'

export interface ReadModelSubject extends AsyncDisposable {
  /** Opens the log of the store `shop`, which is empty at first. */
  open(): Promise<SqlEventLog>
  /** Runs a statement in the database of this log, behind its back. The log is opened again after it. */
  alter(statement: string): Promise<void>
}

export const readModelSuite = (name: string, make: () => Promise<ReadModelSubject>): void => {
  describe(`ReadModel: ${name}`, { timeout: 60_000 }, () => {
    let subject: ReadModelSubject
    let log: EventLog
    let model: ReadModel
    const reopen = async () => {
      log = await subject.open()
      model = (log as SqlEventLog).readModel
    }
    beforeEach(async () => {
      subject = await make()
      await reopen()
    })
    afterEach(() => subject[Symbol.asyncDispose]())

    const append = async (events: readonly Omit<LogEvent, 'seqNum'>[], sub: string | null = 'ada') => {
      const head = await log.head()
      const numbered = events.map((event, index) => Object.assign({ seqNum: head + 1 + index }, event))
      await log.append(head, numbered, { sub: sub ?? undefined, at: 1_000 + head })
    }
    const push = (...events: readonly PoolEvent[]) => append(events.map(toLogEvent))
    const alter = async (statement: string) => {
      await subject.alter(statement)
      await reopen()
    }
    const idsOf = async (query: FileQuery = {}) => (await model.files(query)).files.map(({ id }) => id)
    const liveKeys = async () => new Set((await allPages(model.liveKeys)).flat())
    const namedKeys = async () => new Set((await allPages(model.namedKeys)).flat())

    describe('files', () => {
      it('have the owner who pushed FileAdded, and what every client sees', async () => {
        await push(added('reef', { name: 'reef.jpg', at: 5, meta: { album: { "it's": [1, null] } } }))
        await append([toLogEvent(renamed('reef', 'lagoon.jpg', 6))], 'bob')
        const [file] = (await model.files()).files
        expect(file).toEqual({
          id: 'reef',
          seqNum: 1,
          ownerId: 'ada',
          name: 'lagoon.jpg',
          type: 'image/jpeg',
          size: 3,
          remoteKey: fileKey('reef'),
          bucket: 'files',
          meta: { album: { "it's": [1, null] } },
          version: 'add reef',
          createdAt: 5,
          updatedAt: 6,
          deletedAt: null,
        })
        expect(await model.file('reef')).toEqual(file)
        expect(await model.file('lagoon')).toBe(undefined)
      })

      it('keep the owner that the event names, whatever comes after it', async () => {
        const owner = `u_${'o'.repeat(32)}` as Owner
        await push(added('reef', { owner }), added('lagoon'))
        await append([toLogEvent(renamed('reef', 'reef.jpg', 6))], 'bob')
        expect(await model.file('reef')).toMatchObject({ owner, ownerId: 'ada', name: 'reef.jpg' })
        await append([toLogEvent(renamed('reef', 'reef 2.jpg', 7))], 'bob')
        expect(await model.file('reef')).toMatchObject({ owner, ownerId: 'ada', name: 'reef 2.jpg' })
        expect(await model.file('lagoon')).not.toHaveProperty('owner')
      })

      it('have no owner when they were imported', async () => {
        await append([toLogEvent(added('reef'))], null)
        expect((await model.file('reef'))?.ownerId).toBe(null)
        expect(await idsOf({ ownerId: null })).toEqual(['reef'])
      })

      it('are listed while they are live', async () => {
        await push(added('reef'), added('lagoon'), deleted('reef'))
        expect(await idsOf()).toEqual(['lagoon'])
        expect(await idsOf({ state: 'deleted' })).toEqual(['reef'])
        expect((await idsOf({ state: 'any' })).toSorted()).toEqual(['lagoon', 'reef'])
        await push(restored('reef'))
        expect((await idsOf()).toSorted()).toEqual(['lagoon', 'reef'])
      })

      it('keep their versions; one that was replaced unseen is a conflict', async () => {
        await push(added('reef'), replaced('reef', 2, fileKey('reef')), replaced('reef', 3, fileKey('reef')))
        expect(await model.versions('reef')).toMatchObject([
          { id: 'add reef', fileId: 'reef', remoteKey: fileKey('reef'), conflict: false },
          { id: 'replace reef 2', remoteKey: fileKey('reef 2'), conflict: true },
          { id: 'replace reef 3', remoteKey: fileKey('reef 3'), conflict: false },
        ])
        expect(await model.file('reef')).toMatchObject({ version: 'replace reef 3', remoteKey: fileKey('reef 3') })
        expect(await model.versions('unknown')).toEqual([])
      })
    })

    it('knows what the log says of contents', async () => {
      const remoteKey = fileKey('reef')
      const claimed = { stored: true, proved: false, seenAt: null, etag: 'e', versionId: null, check: null }
      await push(contentStored('1', remoteKey, { etag: 'e' }))
      expect(await model.content(remoteKey)).toEqual({ remoteKey, ...claimed })
      const proved = { ...claimed, proved: true, seenAt: 5 }
      await push(contentStored('2', remoteKey, { etag: 'e', receipt: receiptOf(5) }))
      expect(await model.content(remoteKey)).toEqual({ remoteKey, ...proved })
      // Its row is there before its group: what it was counts.
      await push(contentStored('3', remoteKey, { etag: 'f' }))
      expect(await model.content(remoteKey)).toEqual({ remoteKey, ...proved })
      await push({ name: 'v2.ContentLost', opId: '4', args: { remoteKey } })
      const lost = { ...proved, stored: false, proved: false, etag: null }
      expect(await model.content(remoteKey)).toEqual({ remoteKey, ...lost })
      await push(contentStored('5', remoteKey, { etag: 'e', receipt: receiptOf(5) }))
      expect(await model.content(remoteKey)).toEqual({ remoteKey, ...claimed, seenAt: 5 })
      expect(await model.content(fileKey('lagoon'))).toBe(undefined)
    })

    describe('claims', () => {
      const claims = async (query = {}) => (await model.claimedContents(query)).claims
      const [reef, lagoon] = [fileKey('reef'), fileKey('lagoon')]
      const check = async (remoteKey: RemoteKey) => (await model.content(remoteKey))?.check

      it('are contents that are stored without a receipt, in pages', async () => {
        const keys = ['a', 'b', 'c', 'd', 'e'].map((name) => fileKey(name))
        await push(...keys.map((key, index) => contentStored(`${index}`, key)))
        await push(
          contentStored('proved', reef, { receipt: receiptOf(5) }),
          contentStored('lost', lagoon),
          { name: 'v2.ContentLost', opId: 'loss', args: { remoteKey: lagoon } },
          contentStored('proved later', keys[4]!, { receipt: receiptOf(5) }),
        )
        const pages = []
        for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
          const page = await model.claimedContents({ limit: 2, ...(cursor !== undefined && { cursor }) })
          pages.push(page.claims)
          cursor = page.cursor
        }
        const expected = keys.slice(0, 4).map((remoteKey, index) => ({ remoteKey, seqNum: index + 1 }))
        expect(pages.map((page) => page.length)).toEqual([2, 2, 0])
        expect(pages.flat()).toEqual(expected.toSorted((a, b) => compare(a.remoteKey, b.remoteKey)))
        await expect(model.claimedContents({ cursor: "' OR 1" })).rejects.toMatchObject({ code: 'bad_request' })
        await expect(model.claimedContents({ limit: 0 })).rejects.toMatchObject({ code: 'bad_request' })
      })

      it('end when a check finds the content', async () => {
        await push(contentStored('1', reef))
        expect(await check(reef)).toBe(null)
        const [claim] = await claims()
        expect(await model.settleClaim(claim!, { at: 7, found: true })).toBe(true)
        expect(await claims()).toEqual([])
        expect(await model.content(reef)).toMatchObject({ proved: false, check: { at: 7, found: true } })
        expect(await model.settleClaim(claim!, { at: 8, found: false })).toBe(false)
      })

      it('stay when a check does not find it, and come again later', async () => {
        await push(contentStored('1', reef), contentStored('2', lagoon))
        const claim = { remoteKey: reef, seqNum: 1 }
        expect(await model.settleClaim(claim, { at: 7, found: false })).toBe(true)
        expect(await check(reef)).toEqual({ at: 7, found: false })
        expect(await claims({ checkedBefore: 7 })).toEqual([{ remoteKey: lagoon, seqNum: 2 }])
        expect(await claims({ checkedBefore: 8 })).toContainEqual(claim)
        expect(await claims()).toContainEqual(claim)
      })

      it('are not settled by a check of what the log has said before', async () => {
        await push(contentStored('1', reef))
        const [claim] = await claims()
        await push({ name: 'v2.ContentLost', opId: '2', args: { remoteKey: reef } }, contentStored('3', reef))
        expect(await model.settleClaim(claim!, { at: 7, found: true })).toBe(false)
        expect(await check(reef)).toBe(null)
        expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 3 }])
      })

      it('come again when the log says something new after a check', async () => {
        await push(contentStored('1', reef))
        await model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })
        await push({ name: 'v2.ContentLost', opId: '2', args: { remoteKey: reef } })
        expect(await model.content(reef)).toMatchObject({ stored: false, check: null })
        await push(contentStored('3', reef))
        expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 3 }])
      })

      it('of a content that the log does not know are not settled', async () => {
        expect(await model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })).toBe(false)
      })

      it('are checked again after a rebuild', async () => {
        await push(contentStored('1', reef))
        await model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })
        await model.rebuild()
        expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 1 }])
      })
    })

    it.each<[string, string, string | undefined]>([
      ['an event of the app', 'v1.NoteCreated', '{"id":"x"}'],
      ['an event of a newer version', 'v3.FileAdded', toLogEvent(added('x')).argsJson],
      ['a name of Object.prototype', 'constructor', '{}'],
      ['no args', 'v2.FileAdded', undefined],
      ['null', 'v2.FileAdded', 'null'],
      ['args of another shape', 'v2.FileAdded', '{"opId":"x","id":7}'],
      ['meta that is no JSON', 'v2.FileMetaSet', '{"opId":"x","id":"reef","at":1,"meta":"{"}'],
      ['an id with NUL', 'v2.FileDeleted', String.raw`{"opId":"x","id":"reef\u0000","at":1}`],
      ['an event of an unknown file', 'v2.FileDeleted', '{"opId":"x","id":"unknown","at":1}'],
    ])('ignores what clients ignore: %s', async (_, name, argsJson) => {
      await append([{ name, argsJson, clientId: 'c', sessionId: 's' }, toLogEvent(added('reef'))])
      await append([{ name, argsJson, clientId: 'c', sessionId: 's' }])
      expect(await idsOf()).toEqual(['reef'])
      expect(await model.file('reef')).toMatchObject({ meta: {}, deletedAt: null })
      expect(await model.failures()).toEqual([])
    })

    it('applies an operation once, in the same group or in a later one', async () => {
      await push(added('reef'), renamed('reef', 'one', 1), renamed('reef', 'two', 2), renamed('reef', 'one', 1))
      expect((await model.file('reef'))?.name).toBe('two')
      await push(renamed('reef', 'one', 1))
      expect((await model.file('reef'))?.name).toBe('two')
    })

    it('sees nothing of a push that was refused', async () => {
      await push(added('reef'))
      const refuse = () => {
        throw new Error('refused')
      }
      const events = [{ ...toLogEvent(added('lagoon')), seqNum: 2 }]
      await expect(log.append(1, events, { sub: 'ada', at: 1, check: refuse })).rejects.toThrow('refused')
      expect(await idsOf()).toEqual(['reef'])
    })

    it('sees every event of a large log that nobody has read', async () => {
      const count = 2_500
      for (let start = 0; start < count; start += 500) {
        const ids = Array.from({ length: 500 }, (_, index) => `file-${start + index}`)
        await push(...ids.map((id) => added(id)))
      }
      await push(renamed('file-0', 'last', 9))
      expect(await model.usage()).toEqual({ files: count, bytes: 3 * count })
      expect((await model.file('file-0'))?.name).toBe('last')
    })

    describe('a query', () => {
      const FILES = Array.from({ length: 60 }, (_, index) => ({
        id: `file-${index}`,
        ownerId: ['ada', 'bob'][index % 2]!,
        bucket: ['files', 'avatars', 'files'][index % 3]!,
        name: `${'reef lagoon Ünï 100%_ 𝄞'.split(' ')[index % 5]} ${index % 7}`,
        type: ['image/jpeg', 'image/png', 'text/plain', 'IMAGE/png'][index % 4]!,
        size: (index * 37) % 50,
        createdAt: 1_000 + ((index * 11) % 20),
        updatedAt: 2_000 + index,
        deleted: index % 10 === 9,
      }))
      type Sample = (typeof FILES)[number]
      beforeEach(async () => {
        for (const owner of ['ada', 'bob']) {
          for (const file of FILES.filter((file) => file.ownerId === owner)) {
            const { id, name, type, size, bucket, createdAt, updatedAt } = file
            const first = added(id, { name, type, size, at: createdAt, remoteKey: fileKey(id, bucket) })
            const last = file.deleted ? deleted(id, updatedAt) : renamed(id, name, updatedAt)
            await append([first, last].map(toLogEvent), owner)
          }
        }
      })

      it.each<[string, FileQuery, (file: Sample) => boolean]>([
        ['nothing', {}, () => true],
        ['an owner', { ownerId: 'bob' }, ({ ownerId }) => ownerId === 'bob'],
        ['no owner', { ownerId: null }, () => false],
        ['a bucket', { bucket: 'avatars' }, ({ bucket }) => bucket === 'avatars'],
        ['what a type begins with', { typePrefix: 'image/' }, ({ type }) => type.startsWith('image/')],
        ['a name', { name: 'reef 3' }, ({ name }) => name === 'reef 3'],
        ['what a name begins with', { namePrefix: 'Ünï' }, ({ name }) => name.startsWith('Ünï')],
        ['signs of LIKE in a name', { namePrefix: '100%_' }, ({ name }) => name.startsWith('100%_')],
        ['a size from', { size: { min: 10 } }, ({ size }) => size >= 10],
        ['a size from and to', { size: { min: 10, max: 20 } }, ({ size }) => size >= 10 && size <= 20],
        ['a time of adding', { createdAt: { max: 1_010 } }, ({ createdAt }) => createdAt <= 1_010],
        ['a time of change', { updatedAt: { min: 2_030 } }, ({ updatedAt }) => updatedAt >= 2_030],
        [
          'an owner, a bucket and a size',
          { ownerId: 'ada', bucket: 'files', size: { max: 30 } },
          ({ ownerId, bucket, size }) => ownerId === 'ada' && bucket === 'files' && size <= 30,
        ],
      ])('by %s gives what matches, in order, once, over all pages', async (_, filter, matches) => {
        const inLog = ['ada', 'bob'].flatMap((owner) => FILES.filter((file) => file.ownerId === owner))
        const position = new Map(inLog.map(({ id }, index) => [id, index]))
        for (const state of ['live', 'deleted', 'any'] as const) {
          const expected = FILES.filter(
            (file) => matches(file) && (state === 'any' || file.deleted === (state === 'deleted')),
          )
          for (const by of ['createdAt', 'size', 'name'] as const) {
            const ascending = expected
              .toSorted((a, b) => compare(a[by], b[by]) || position.get(a.id)! - position.get(b.id)!)
              .map(({ id }) => id)
            for (const direction of ['ascending', 'descending'] as const) {
              const found = await allFiles(model, { ...filter, state, sort: { by, direction }, limit: 7 })
              expect(found).toEqual(direction === 'ascending' ? ascending : ascending.toReversed())
            }
          }
          expect(await model.usage({ ...filter, state })).toEqual({
            files: expected.length,
            bytes: expected.reduce((sum, { size }) => sum + size, 0),
          })
        }
      })

      it('gives the newest first, unless it says otherwise', async () => {
        const { files } = await model.files({ limit: 3 })
        expect(files.map(({ createdAt }) => createdAt)).toEqual([1_018, 1_018, 1_018])
      })

      it('neither repeats nor skips a file while others come and go between its pages', async () => {
        const before = await allFiles(model, {})
        const seen: string[] = []
        let cursor: string | undefined
        for (let page = 0; cursor !== undefined || page === 0; page++) {
          const { files, cursor: next } = await model.files({ limit: 7, ...(cursor !== undefined && { cursor }) })
          seen.push(...files.map(({ id }) => id))
          cursor = next
          await push(added(`new-${page}`, { at: 1_000 + page * 3 }))
          const last = seen.at(-1)!
          if (page === 1) await push(deleted(last))
        }
        expect(new Set(seen).size).toBe(seen.length)
        expect(seen.filter((id) => id.startsWith('file-'))).toEqual(before)
      })
    })

    it.each<[string, () => Promise<unknown>]>([
      ['a limit of 0', () => model.files({ limit: 0 })],
      ['a limit over 1,000', () => model.fileEvents({ since: 0, limit: 1_001 })],
      ['a limit with a fraction', () => model.liveKeys({ limit: 1.5 })],
      ['a cursor that is none', () => model.files({ cursor: 'x' })],
      ['a cursor of another sort', () => model.files({ cursor: '["name",1]' })],
      ['a cursor of keys that is none', () => model.liveKeys({ cursor: '1.2' })],
    ])('refuses %s', async (_, call) => {
      await expect(call()).rejects.toMatchObject({ name: 'RockpoolError', code: 'bad_request' })
    })

    describe('file events', () => {
      it('say what happened to which file, and not what changed nothing', async () => {
        await push(added('reef', { at: 1 }), renamed('reef', 'one', 1), renamed('unknown', 'two', 1))
        await append([{ name: 'v1.NoteCreated', argsJson: '{}', clientId: 'c', sessionId: 's' }])
        const edits = [metaSet('reef'), replaced('reef', 2, fileKey('reef')), deleted('reef'), deleted('reef', 7)]
        await append([...edits, restored('reef'), renamed('reef', 'one', 1)].map(toLogEvent), 'bob')
        const { events, ...page } = await model.fileEvents({ since: 0 })
        expect(events.map(({ seqNum, kind }) => [seqNum, kind])).toEqual([
          [1, 'added'],
          [2, 'renamed'],
          [5, 'metaSet'],
          [6, 'replaced'],
          [7, 'deleted'],
          [9, 'restored'],
        ])
        expect(events[0]).toEqual({ seqNum: 1, kind: 'added', fileId: 'reef', ownerId: 'ada', sub: 'ada', at: 1_000 })
        expect(events[2]).toMatchObject({ fileId: 'reef', ownerId: 'ada', sub: 'bob', at: 1_004 })
        expect(page).toEqual({ next: 10, more: false })
      })

      it('come in pages, each once, the events of an app apart', async () => {
        await push(...['a', 'b', 'c', 'd', 'e'].map((id) => added(id)))
        await append([{ name: 'v1.NoteCreated', argsJson: '{}', clientId: 'c', sessionId: 's' }])
        const first = await model.fileEvents({ since: 0, limit: 3 })
        expect(first).toMatchObject({ next: 3, more: true })
        const second = await model.fileEvents({ since: first.next, limit: 3 })
        expect(second).toMatchObject({ next: 6, more: false })
        expect([...first.events, ...second.events].map(({ fileId }) => fileId)).toEqual(['a', 'b', 'c', 'd', 'e'])
        expect(await model.fileEvents({ since: 6 })).toEqual({ events: [], next: 6, more: false })
        await push(deleted('a'))
        expect((await model.fileEvents({ since: 6 })).events).toMatchObject([{ seqNum: 7, kind: 'deleted' }])
      })
    })

    describe('live keys', () => {
      it('are those of live files, former contents included', async () => {
        await push(added('reef'), replaced('reef', 2, fileKey('reef')), added('lagoon'), deleted('lagoon'))
        expect(await liveKeys()).toEqual(new Set([fileKey('reef'), fileKey('reef 2')]))
        expect(await namedKeys()).toEqual(new Set([fileKey('reef'), fileKey('reef 2'), fileKey('lagoon')]))
        await push(deleted('reef'), restored('lagoon'))
        expect(await liveKeys()).toEqual(new Set([fileKey('lagoon')]))
      })

      it('are all there wherever a page ends, also of a file that is replaced between two pages', async () => {
        await push(
          added('reef'),
          replaced('reef', 2, fileKey('reef')),
          added('lagoon'),
          added('atoll'),
          deleted('atoll'),
        )
        for (const readPage of [model.liveKeys, model.namedKeys]) {
          const pages: (readonly RemoteKey[])[] = []
          for await (const keys of keysOf((page) => readPage({ ...page, limit: 1 }))) {
            if (pages.length === 1 && readPage === model.namedKeys) await push(replaced('lagoon', 2, fileKey('lagoon')))
            pages.push(keys)
          }
          const ids =
            readPage === model.liveKeys
              ? ['reef', 'reef 2', 'lagoon']
              : ['reef', 'reef 2', 'lagoon', 'atoll', 'lagoon 2']
          expect(pages.flat()).toEqual(ids.map((id) => fileKey(id)))
        }
      })

      it('leave out a file that is brought back and deleted again between two pages', async () => {
        await push(added('a'), added('b'), deleted('a'), added('c'))
        const first = await model.liveKeys({ limit: 1 })
        await push(restored('a'), { ...deleted('a'), opId: 'delete a again' })
        const rest: RemoteKey[] = []
        for await (const keys of keysOf((page) => model.liveKeys({ cursor: first.cursor!, ...page })))
          rest.push(...keys)
        expect([...first.keys, ...rest]).toEqual([fileKey('b'), fileKey('c')])
      })

      it('stay live while any live file has them', async () => {
        const remoteKey = fileKey('shared')
        await push(added('one', { remoteKey }), added('two', { remoteKey }), deleted('one'))
        expect(await liveKeys()).toEqual(new Set([remoteKey]))
      })

      it.each<[string, (id: string) => PoolEvent]>([
        ['restored', restored],
        ['brought back by an edit', (id) => replaced(id, 2, fileKey(id))],
      ])('have a file that is %s between two pages', async (_, revive) => {
        const ids = ['a', 'b', 'c', 'd', 'e']
        await push(...ids.map((id) => added(id)), deleted('a'))
        const keys: RemoteKey[] = []
        let cursor: string | undefined
        do {
          const page = await model.liveKeys({ limit: 2, ...(cursor !== undefined && { cursor }) })
          if (keys.length === 0) await push(revive('a'), added('f'))
          keys.push(...page.keys)
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(new Set(keys)).toEqual(await liveKeys())
        expect(keys).toContain(fileKey('a'))
      })

      it('come in pages of a size that does not depend on the log', async () => {
        await push(...Array.from({ length: 25 }, (_, index) => added(`f${index}`)))
        const pages = []
        for await (const keys of keysOf((page) => model.liveKeys({ ...page, limit: 10 }))) pages.push(keys.length)
        expect(pages).toEqual([10, 10, 5])
      })
    })

    describe('an event that cannot be applied', () => {
      const POISON = `CREATE TRIGGER poison BEFORE INSERT ON files WHEN new.name = 'poison'
        BEGIN SELECT RAISE(ABORT, 'poisoned'); END`
      beforeEach(() => alter(POISON))

      it('is stored and recorded; the others are applied; no key is given for collection', async () => {
        const poison = added('poison', { name: 'poison' })
        await push(added('reef'), poison, metaSet('poison'), added('lagoon'))
        expect(await log.head()).toBe(4)
        expect((await idsOf()).toSorted()).toEqual(['lagoon', 'reef'])
        expect(await model.versions('poison')).toEqual([])
        expect(await model.failures()).toEqual([
          { seqNum: 2, name: 'v2.FileAdded', message: expect.stringContaining('poisoned') },
        ])
        const incomplete = { name: 'EventLogError', code: 'incomplete', message: expect.stringContaining('Event 2') }
        await expect(model.liveKeys()).rejects.toMatchObject(incomplete)
        await expect(model.namedKeys()).rejects.toMatchObject(incomplete)
      })

      it('is applied by a rebuild once it can be', async () => {
        await push(added('reef'), added('poison', { name: 'poison' }))
        expect(await idsOf()).toEqual(['reef'])
        await alter('DROP TRIGGER poison')
        expect(await idsOf()).toEqual(['reef'])
        await model.rebuild()
        expect((await idsOf()).toSorted()).toEqual(['poison', 'reef'])
        expect(await model.failures()).toEqual([])
        expect(await liveKeys()).toEqual(new Set([fileKey('reef'), fileKey('poison')]))
      })
    })

    describe('its tables', () => {
      const everything = async () => ({
        files: (await model.files({ state: 'any' })).files,
        versions: await Promise.all(['reef', 'lagoon'].map((id) => model.versions(id))),
        content: await model.content(fileKey('reef')),
        events: await model.fileEvents({ since: 0 }),
        live: await liveKeys(),
        named: await namedKeys(),
      })
      beforeEach(async () => {
        await push(added('reef'), replaced('reef', 2, fileKey('lagoon')), added('lagoon'), deleted('lagoon'))
        await append([toLogEvent(renamed('reef', 'by bob', 9))], 'bob')
        await push({ name: 'v2.ContentStored', opId: 'stored', args: { remoteKey: fileKey('reef') } })
      })

      it('are the same after a rebuild', async () => {
        const before = await everything()
        await model.rebuild()
        expect(await everything()).toEqual(before)
        await model.rebuild()
        await push(restored('lagoon'))
        expect((await idsOf()).toSorted()).toEqual(['lagoon', 'reef'])
      })

      it.each([
        ['a log without them', 'DROP TABLE read_model'],
        ['a log that lacks one', 'DROP TABLE contents'],
        ['a log that lacks an index', 'DROP INDEX files_live'],
        ['tables of another shape', 'ALTER TABLE files ADD COLUMN colour TEXT'],
        ['tables of other rules', "UPDATE read_model SET rules = 0; UPDATE files SET name = 'by other rules'"],
      ])('are made for %s', async (_, statement) => {
        const before = await everything()
        await alter(statement)
        expect(await everything()).toEqual(before)
      })

      it('get the events of a version that appended without them', async () => {
        await alter(`INSERT INTO events SELECT 7, name, replace(args, 'lagoon', 'shoal'), clientId, sessionId, sub, at
          FROM events WHERE seqNum = 3`)
        expect((await idsOf()).toSorted()).toEqual(['reef', 'shoal'])
      })
    })
  })
}

const renamed = (id: string, name: string, at: number): PoolEvent => ({
  name: 'v2.FileRenamed',
  opId: `rename ${id} ${name}`,
  args: { id, name, at },
})
const metaSet = (id: string): PoolEvent => ({
  name: 'v2.FileMetaSet',
  opId: `meta ${id}`,
  args: { id, meta: { a: 1 }, at: 3 },
})
const deleted = (id: string, at = 4): PoolEvent => ({
  name: 'v2.FileDeleted',
  opId: `delete ${id} ${at}`,
  args: { id, at },
})
const restored = (id: string): PoolEvent => ({ name: 'v2.FileRestored', opId: `restore ${id}`, args: { id, at: 5 } })
const contentStored = (
  opId: string,
  remoteKey: RemoteKey,
  more: { readonly etag?: string; readonly receipt?: string } = {},
): PoolEvent => ({ name: 'v2.ContentStored', opId, args: { remoteKey, ...more } })

/** Of a signer who saw the content at `at`. */
const receiptOf = (at: number) => formatReceipt({ size: 3, at }, `${'r'.repeat(42)}A`)

const replaced = (id: string, content: number, basedOn: RemoteKey): PoolEvent => ({
  name: 'v2.FileContentReplaced',
  opId: `replace ${id} ${content}`,
  args: { id, remoteKey: fileKey(`${id} ${content}`), size: content, type: 'image/png', basedOn, at: 5 },
})

/** As SQLite compares: numbers by value, texts by their UTF-8, which is the order of code points. */
const compare = (a: string | number, b: string | number): number => {
  if (typeof a === 'number') return a - (b as number)
  const [one, two] = [a, b as string].map((text) => [...text].map((character) => character.codePointAt(0)!))
  const index = one!.findIndex((point, at) => point !== two![at])
  return index < 0 ? one!.length - two!.length : one![index]! - (two![index] ?? -1)
}

const allFiles = async (model: ReadModel, query: FileQuery): Promise<string[]> => {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await model.files({ ...query, ...(cursor !== undefined && { cursor }) })
    ids.push(...page.files.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids
}

const allPages = async (read: ReadModel['liveKeys']): Promise<(readonly RemoteKey[])[]> => {
  const pages = []
  for await (const keys of keysOf(read)) pages.push(keys)
  return pages
}
