/** The feed of what happened to files. */
import { describe, expect, it } from 'vitest'
import { added, fileKey, toLogEvent, renamed, metaSet, deleted, restored, replaced } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const fileEventCases = (shop: ShopLog): void => {
  const { append, push } = shop

  describe('file events', () => {
    it('say what happened to which file, and not what changed nothing', async () => {
      await push(added('reef', { at: 1 }), renamed('reef', 'one', 1), renamed('unknown', 'two', 1))
      await append([{ name: 'v1.NoteCreated', argsJson: '{}', clientId: 'c', sessionId: 's' }])
      const edits = [metaSet('reef'), replaced('reef', 2, fileKey('reef')), deleted('reef'), deleted('reef', 7)]
      await append([...edits, restored('reef'), renamed('reef', 'one', 1)].map(toLogEvent), 'bob')
      const { events, ...page } = await shop.model.fileEvents({ since: 0 })
      expect(events.map(({ seqNum, kind }) => [seqNum, kind])).toEqual([
        [1, 'added'],
        [2, 'renamed'],
        [5, 'metaSet'],
        [6, 'replaced'],
        [7, 'deleted'],
        [9, 'restored'],
      ])
      const [first, second] = [fileKey('reef'), fileKey('reef 2')]
      expect(events.map(({ remoteKey }) => remoteKey)).toEqual([first, first, first, second, second, second])
      const place = { bucket: 'files', path: null, remoteKey: first }
      const origin = { ownerId: 'ada', sub: 'ada', at: 1_000 }
      expect(events[0]).toEqual({ seqNum: 1, kind: 'added', fileId: 'reef', ...place, ...origin })
      expect(events[2]).toMatchObject({ fileId: 'reef', ownerId: 'ada', sub: 'bob', at: 1_004 })
      expect(page).toEqual({ next: 10, more: false })
    })

    it('come in pages, each once, the events of an app apart', async () => {
      await push(...['a', 'b', 'c', 'd', 'e'].map((id) => added(id)))
      await append([{ name: 'v1.NoteCreated', argsJson: '{}', clientId: 'c', sessionId: 's' }])
      const first = await shop.model.fileEvents({ since: 0, limit: 3 })
      expect(first).toMatchObject({ next: 3, more: true })
      const second = await shop.model.fileEvents({ since: first.next, limit: 3 })
      expect(second).toMatchObject({ next: 6, more: false })
      expect([...first.events, ...second.events].map(({ fileId }) => fileId)).toEqual(['a', 'b', 'c', 'd', 'e'])
      expect(await shop.model.fileEvents({ since: 6 })).toEqual({ events: [], next: 6, more: false })
      await push(deleted('a'))
      expect((await shop.model.fileEvents({ since: 6 })).events).toMatchObject([{ seqNum: 7, kind: 'deleted' }])
    })
  })
}
