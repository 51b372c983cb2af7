/** Tables that lack an event, are of another version, or are made again. */
import { beforeEach, describe, expect, it } from 'vitest'
import { added, fileKey, toLogEvent, renamed, metaSet, deleted, restored, replaced } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const tableCases = (shop: ShopLog): void => {
  const { append, push, alter, idsOf, liveKeys, namedKeys } = shop

  describe('an event that cannot be applied', () => {
    beforeEach(() => alter(shop.statements.poison))

    it('is stored and recorded; the others are applied; no key is given for collection', async () => {
      const poison = added('poison', { name: 'poison' })
      await push(added('reef'), poison, metaSet('poison'), added('lagoon'))
      expect(await shop.log.head()).toBe(4)
      expect((await idsOf()).toSorted()).toEqual(['lagoon', 'reef'])
      expect(await shop.model.versions('poison')).toEqual([])
      expect(await shop.model.failures()).toEqual([
        { seqNum: 2, name: 'v2.FileAdded', message: expect.stringContaining('poisoned') },
      ])
      const incomplete = { name: 'EventLogError', code: 'incomplete', message: expect.stringContaining('Event 2') }
      await expect(shop.model.liveKeys()).rejects.toMatchObject(incomplete)
      await expect(shop.model.namedKeys()).rejects.toMatchObject(incomplete)
    })

    it('is applied by a rebuild once it can be', async () => {
      await push(added('reef'), added('poison', { name: 'poison' }))
      expect(await idsOf()).toEqual(['reef'])
      await alter(shop.statements.cure)
      expect(await idsOf()).toEqual(['reef'])
      await shop.model.rebuild()
      expect((await idsOf()).toSorted()).toEqual(['poison', 'reef'])
      expect(await shop.model.failures()).toEqual([])
      expect(await liveKeys()).toEqual(new Set([fileKey('reef'), fileKey('poison')]))
    })
  })

  it('have a view of live files for SQL', async () => {
    await push(added('reef', { path: 'fish/reef.jpg', at: 5 }), added('gone'), deleted('gone'))
    await append([toLogEvent(added('lagoon', { remoteKey: fileKey('lagoon', 'avatars'), size: 9 }))], null)
    // The tables follow the log when somebody reads them.
    await idsOf()
    const object = { bucket_id: 'files', size: 3, content_type: 'image/jpeg', created_at: 5 }
    const columns = 'id, bucket_id, path, owner_id, size, content_type, created_at'
    expect(await shop.select(`SELECT ${columns} FROM storage_objects ORDER BY size`)).toEqual([
      { ...object, id: 'reef', path: 'fish/reef.jpg', owner_id: 'ada' },
      { ...object, id: 'lagoon', path: 'lagoon', owner_id: null, bucket_id: 'avatars', size: 9, created_at: 1 },
    ])
  })

  describe('its tables', () => {
    const everything = async () => ({
      files: (await shop.model.files({ state: 'any' })).files,
      versions: await Promise.all(['reef', 'lagoon'].map((id) => shop.model.versions(id))),
      content: await shop.model.content(fileKey('reef')),
      events: await shop.model.fileEvents({ since: 0 }),
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
      await shop.model.rebuild()
      expect(await everything()).toEqual(before)
      await shop.model.rebuild()
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
      await alter(shop.statements.appendCopy)
      expect((await idsOf()).toSorted()).toEqual(['reef', 'shoal'])
    })
  })
}
