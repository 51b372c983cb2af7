/** What object storage keeps for the files of a store, for quotas. */
import { MAX_CONTENT_SIZE } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { added, deleted, fileKey, renamed, replaced, restored, toLogEvent } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const keptCases = (shop: ShopLog): void => {
  const { append, push } = shop

  describe('kept content', () => {
    it('is every version of each live file, of the user who added the file', async () => {
      await push(added('reef', { size: 10 }), added('shoal', { size: 5 }), renamed('shoal', 'other', 2))
      await append([added('atoll', { size: 1 }), replaced('reef', 7, fileKey('reef'))].map(toLogEvent), 'bob')
      expect(await shop.model.keptUsage()).toEqual({ files: 3, bytes: 23 })
      expect(await shop.model.keptUsage('ada')).toEqual({ files: 2, bytes: 22 })
      expect(await shop.model.keptUsage('bob')).toEqual({ files: 1, bytes: 1 })
      expect(await shop.model.keptUsage('eve')).toEqual({ files: 0, bytes: 0 })
      await push(deleted('reef'))
      expect(await shop.model.keptUsage('ada')).toEqual({ files: 1, bytes: 5 })
      await push(restored('reef'))
      expect(await shop.model.keptUsage('ada')).toEqual({ files: 2, bytes: 22 })
    })

    it('counts a size that no content can have as the largest one, in former versions too', async () => {
      const size = Number.MAX_SAFE_INTEGER
      await push(added('reef', { size }), replaced('reef', size, fileKey('reef')))
      await push(replaced('reef', 7, fileKey(`reef ${size}`)))
      expect(await shop.model.keptUsage()).toEqual({ files: 1, bytes: 2 * MAX_CONTENT_SIZE + 7 })
    })

    it('is named by live files, former contents included', async () => {
      await push(added('reef'), replaced('reef', 7, fileKey('reef')))
      for (const key of [fileKey('reef'), fileKey('reef 7')]) expect(await shop.model.isNamed(key)).toBe(true)
      expect(await shop.model.isNamed(fileKey('unknown'))).toBe(false)
      await push(deleted('reef'))
      for (const key of [fileKey('reef'), fileKey('reef 7')]) expect(await shop.model.isNamed(key)).toBe(false)
    })
  })
}
