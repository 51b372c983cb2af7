/** The files of a log, as every client sees them. */
import type { Owner } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { added, fileKey, toLogEvent, renamed, deleted, restored, replaced } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const fileCases = (shop: ShopLog): void => {
  const { append, push, idsOf } = shop

  describe('files', () => {
    it('have the owner who pushed FileAdded, and what every client sees', async () => {
      await push(added('reef', { name: 'reef.jpg', at: 5, meta: { album: { "it's": [1, null] } } }))
      await append([toLogEvent(renamed('reef', 'lagoon.jpg', 6))], 'bob')
      const [file] = (await shop.model.files()).files
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
      expect(await shop.model.file('reef')).toEqual(file)
      expect(await shop.model.file('lagoon')).toBe(undefined)
    })

    it('keep the owner that the event names, whatever comes after it', async () => {
      const owner = `u_${'o'.repeat(32)}` as Owner
      await push(added('reef', { owner }), added('lagoon'))
      await append([toLogEvent(renamed('reef', 'reef.jpg', 6))], 'bob')
      expect(await shop.model.file('reef')).toMatchObject({ owner, ownerId: 'ada', name: 'reef.jpg' })
      await append([toLogEvent(renamed('reef', 'reef 2.jpg', 7))], 'bob')
      expect(await shop.model.file('reef')).toMatchObject({ owner, ownerId: 'ada', name: 'reef 2.jpg' })
      expect(await shop.model.file('lagoon')).not.toHaveProperty('owner')
    })

    it('keep the path that the event names, whatever comes after it', async () => {
      await push(added('reef', { path: 'fish/reef.jpg' }), added('lagoon'))
      await push(renamed('reef', 'lagoon.jpg', 6), replaced('reef', 2, fileKey('reef')))
      expect(await shop.model.file('reef')).toMatchObject({ path: 'fish/reef.jpg', name: 'lagoon.jpg', size: 2 })
      expect(await shop.model.file('lagoon')).not.toHaveProperty('path')
    })

    it('have no owner when they were imported', async () => {
      await append([toLogEvent(added('reef'))], null)
      expect((await shop.model.file('reef'))?.ownerId).toBe(null)
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
      expect(await shop.model.versions('reef')).toMatchObject([
        { id: 'add reef', fileId: 'reef', remoteKey: fileKey('reef'), conflict: false },
        { id: 'replace reef 2', remoteKey: fileKey('reef 2'), conflict: true },
        { id: 'replace reef 3', remoteKey: fileKey('reef 3'), conflict: false },
      ])
      expect(await shop.model.file('reef')).toMatchObject({ version: 'replace reef 3', remoteKey: fileKey('reef 3') })
      expect(await shop.model.versions('unknown')).toEqual([])
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
    expect(await shop.model.file('reef')).toMatchObject({ meta: {}, deletedAt: null })
    expect(await shop.model.failures()).toEqual([])
  })

  it('applies an operation once, in the same group or in a later one', async () => {
    await push(added('reef'), renamed('reef', 'one', 1), renamed('reef', 'two', 2), renamed('reef', 'one', 1))
    expect((await shop.model.file('reef'))?.name).toBe('two')
    await push(renamed('reef', 'one', 1))
    expect((await shop.model.file('reef'))?.name).toBe('two')
  })

  it('sees nothing of a push that was refused', async () => {
    await push(added('reef'))
    const refuse = () => {
      throw new Error('refused')
    }
    const events = [{ ...toLogEvent(added('lagoon')), seqNum: 2 }]
    await expect(shop.log.append(1, events, { sub: 'ada', at: 1, check: refuse })).rejects.toThrow('refused')
    expect(await idsOf()).toEqual(['reef'])
  })

  it('sees every event of a large log that nobody has read', async () => {
    const count = 2_500
    for (let start = 0; start < count; start += 500) {
      const ids = Array.from({ length: 500 }, (_, index) => `file-${start + index}`)
      await push(...ids.map((id) => added(id)))
    }
    await push(renamed('file-0', 'last', 9))
    expect(await shop.model.usage()).toEqual({ files: count, bytes: 3 * count })
    expect((await shop.model.file('file-0'))?.name).toBe('last')
  })
}
