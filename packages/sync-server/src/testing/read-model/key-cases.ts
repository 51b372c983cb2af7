/** The remote keys that garbage collection asks for. */
import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { keysOf } from '../../read-model/read-model.ts'
import { added, fileKey, deleted, restored, replaced } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const keyCases = (shop: ShopLog): void => {
  const { push, liveKeys, namedKeys } = shop

  describe('live keys', () => {
    it('are those of live files, former contents included', async () => {
      await push(added('reef'), replaced('reef', 2, fileKey('reef')), added('lagoon'), deleted('lagoon'))
      expect(await liveKeys()).toEqual(new Set([fileKey('reef'), fileKey('reef 2')]))
      expect(await namedKeys()).toEqual(new Set([fileKey('reef'), fileKey('reef 2'), fileKey('lagoon')]))
      await push(deleted('reef'), restored('lagoon'))
      expect(await liveKeys()).toEqual(new Set([fileKey('lagoon')]))
    })

    it('are all there wherever a page ends, also of a file that is replaced between two pages', async () => {
      await push(added('reef'), replaced('reef', 2, fileKey('reef')), added('lagoon'), added('atoll'), deleted('atoll'))
      for (const readPage of [shop.model.liveKeys, shop.model.namedKeys]) {
        const pages: (readonly RemoteKey[])[] = []
        for await (const keys of keysOf((page) => readPage({ ...page, limit: 1 }))) {
          if (pages.length === 1 && readPage === shop.model.namedKeys)
            await push(replaced('lagoon', 2, fileKey('lagoon')))
          pages.push(keys)
        }
        const ids =
          readPage === shop.model.liveKeys
            ? ['reef', 'reef 2', 'lagoon']
            : ['reef', 'reef 2', 'lagoon', 'atoll', 'lagoon 2']
        expect(pages.flat()).toEqual(ids.map((id) => fileKey(id)))
      }
    })

    it('leave out a file that is brought back and deleted again between two pages', async () => {
      await push(added('a'), added('b'), deleted('a'), added('c'))
      const first = await shop.model.liveKeys({ limit: 1 })
      await push(restored('a'), { ...deleted('a'), opId: 'delete a again' })
      const rest: RemoteKey[] = []
      for await (const keys of keysOf((page) => shop.model.liveKeys({ cursor: first.cursor!, ...page })))
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
        const page = await shop.model.liveKeys({ limit: 2, ...(cursor !== undefined && { cursor }) })
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
      for await (const keys of keysOf((page) => shop.model.liveKeys({ ...page, limit: 10 }))) pages.push(keys.length)
      expect(pages).toEqual([10, 10, 5])
    })
  })
}
