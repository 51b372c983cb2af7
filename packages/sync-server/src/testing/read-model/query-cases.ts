/** Queries of files, over all pages. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { FileQuery } from '../../read-model/file-query.ts'
import { type ReadModel } from '../../read-model/read-model.ts'
import { added, fileKey, toLogEvent, renamed, deleted } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const queryCases = (shop: ShopLog): void => {
  const { append, push } = shop

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
      path: [undefined, `fish/reef ${index}.jpg`, `Fish/${index}`, 'fish/100%_/lagoon'][(index * 7) % 4],
      deleted: index % 10 === 9,
    }))
    type Sample = (typeof FILES)[number]
    const eventsOf = ({ id, name, type, size, bucket, createdAt, updatedAt, path, ...file }: Sample) => {
      const given = { name, type, size, at: createdAt, remoteKey: fileKey(id, bucket) }
      const first = added(id, { ...given, ...(path !== undefined && { path }) })
      return [first, file.deleted ? deleted(id, updatedAt) : renamed(id, name, updatedAt)].map(toLogEvent)
    }
    beforeEach(async () => {
      for (const owner of ['ada', 'bob']) {
        await append(FILES.filter(({ ownerId }) => ownerId === owner).flatMap(eventsOf), owner)
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
      ['a path', { path: 'fish/100%_/lagoon' }, ({ path }) => path === 'fish/100%_/lagoon'],
      ['what a path begins with', { pathPrefix: 'fish/' }, ({ path }) => path?.startsWith('fish/') ?? false],
      ['signs of LIKE in a path', { pathPrefix: 'fish/100%_' }, ({ path }) => path?.startsWith('fish/100%_') ?? false],
      [
        'who may read it',
        { readableBy: { ownerId: 'bob', buckets: ['files'], ownBuckets: ['avatars'] } },
        ({ bucket, ownerId }) => bucket === 'files' || ownerId === 'bob',
      ],
      [
        'who may read nothing else',
        { readableBy: { ownerId: 'bob', buckets: [], ownBuckets: ['avatars'] } },
        ({ bucket, ownerId }) => bucket === 'avatars' && ownerId === 'bob',
      ],
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
        for (const by of ['createdAt', 'size', 'name', 'seqNum'] as const) {
          const rank = (file: Sample) => (by === 'seqNum' ? position.get(file.id)! : file[by])
          const ascending = expected
            .toSorted((a, b) => compare(rank(a), rank(b)) || position.get(a.id)! - position.get(b.id)!)
            .map(({ id }) => id)
          for (const direction of ['ascending', 'descending'] as const) {
            const found = await allFiles(shop.model, { ...filter, state, sort: { by, direction }, limit: 7 })
            expect(found).toEqual(direction === 'ascending' ? ascending : ascending.toReversed())
          }
        }
        expect(await shop.model.usage({ ...filter, state })).toEqual({
          files: expected.length,
          bytes: expected.reduce((sum, { size }) => sum + size, 0),
        })
      }
    })

    it('gives the newest first, unless it says otherwise', async () => {
      const { files } = await shop.model.files({ limit: 3 })
      expect(files.map(({ createdAt }) => createdAt)).toEqual([1_018, 1_018, 1_018])
    })

    it('neither repeats nor skips a file while others come and go between its pages', async () => {
      const before = await allFiles(shop.model, {})
      const seen: string[] = []
      let cursor: string | undefined
      for (let page = 0; cursor !== undefined || page === 0; page++) {
        const { files, cursor: next } = await shop.model.files({ limit: 7, ...(cursor !== undefined && { cursor }) })
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
    ['a limit of 0', () => shop.model.files({ limit: 0 })],
    ['a limit over 1,000', () => shop.model.fileEvents({ since: 0, limit: 1_001 })],
    ['a limit with a fraction', () => shop.model.liveKeys({ limit: 1.5 })],
    ['a cursor that is none', () => shop.model.files({ cursor: 'x' })],
    ['a cursor of another sort', () => shop.model.files({ cursor: '["name",1]' })],
    ['a cursor of keys that is none', () => shop.model.liveKeys({ cursor: '1.2' })],
  ])('refuses %s', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'RockpoolError', code: 'bad_request' })
  })
}

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
