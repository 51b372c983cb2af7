/** What the log and checks say of contents in object storage. */
import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { fileKey, contentStored, receiptOf } from '../file-events.ts'
import type { ShopLog } from './shop-log.ts'

export const contentCases = (shop: ShopLog): void => {
  const { push } = shop

  it('knows what the log says of contents', async () => {
    const remoteKey = fileKey('reef')
    const claimed = { stored: true, proved: false, seenAt: null, etag: 'e', versionId: null, check: null }
    await push(contentStored('1', remoteKey, { etag: 'e' }))
    expect(await shop.model.content(remoteKey)).toEqual({ remoteKey, ...claimed })
    const proved = { ...claimed, proved: true, seenAt: 5 }
    await push(contentStored('2', remoteKey, { etag: 'e', receipt: receiptOf(5) }))
    expect(await shop.model.content(remoteKey)).toEqual({ remoteKey, ...proved })
    // Its row is there before its group: what it was counts.
    await push(contentStored('3', remoteKey, { etag: 'f' }))
    expect(await shop.model.content(remoteKey)).toEqual({ remoteKey, ...proved })
    await push({ name: 'v2.ContentLost', opId: '4', args: { remoteKey } })
    const lost = { ...proved, stored: false, proved: false, etag: null }
    expect(await shop.model.content(remoteKey)).toEqual({ remoteKey, ...lost })
    await push(contentStored('5', remoteKey, { etag: 'e', receipt: receiptOf(5) }))
    expect(await shop.model.content(remoteKey)).toEqual({ remoteKey, ...claimed, seenAt: 5 })
    expect(await shop.model.content(fileKey('lagoon'))).toBe(undefined)
  })

  describe('claims', () => {
    const claims = async (query = {}) => (await shop.model.claimedContents(query)).claims
    const [reef, lagoon] = [fileKey('reef'), fileKey('lagoon')]
    const check = async (remoteKey: RemoteKey) => (await shop.model.content(remoteKey))?.check

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
        const page = await shop.model.claimedContents({ limit: 2, ...(cursor !== undefined && { cursor }) })
        pages.push(page.claims)
        cursor = page.cursor
      }
      const expected = keys.slice(0, 4).map((remoteKey, index) => ({ remoteKey, seqNum: index + 1 }))
      expect(pages.map((page) => page.length)).toEqual([2, 2, 0])
      expect(pages.flat()).toEqual(expected.toSorted((a, b) => (a.remoteKey < b.remoteKey ? -1 : 1)))
      await expect(shop.model.claimedContents({ cursor: "' OR 1" })).rejects.toMatchObject({ code: 'bad_request' })
      await expect(shop.model.claimedContents({ limit: 0 })).rejects.toMatchObject({ code: 'bad_request' })
    })

    it('end when a check finds the content', async () => {
      await push(contentStored('1', reef))
      expect(await check(reef)).toBe(null)
      const [claim] = await claims()
      expect(await shop.model.settleClaim(claim!, { at: 7, found: true })).toBe(true)
      expect(await claims()).toEqual([])
      expect(await shop.model.content(reef)).toMatchObject({ proved: false, check: { at: 7, found: true } })
      expect(await shop.model.settleClaim(claim!, { at: 8, found: false })).toBe(false)
    })

    it('stay when a check does not find it, and come again later', async () => {
      await push(contentStored('1', reef), contentStored('2', lagoon))
      const claim = { remoteKey: reef, seqNum: 1 }
      expect(await shop.model.settleClaim(claim, { at: 7, found: false })).toBe(true)
      expect(await check(reef)).toEqual({ at: 7, found: false })
      expect(await claims({ checkedBefore: 7 })).toEqual([{ remoteKey: lagoon, seqNum: 2 }])
      expect(await claims({ checkedBefore: 8 })).toContainEqual(claim)
      expect(await claims()).toContainEqual(claim)
    })

    it('are not settled by a check of what the log has said before', async () => {
      await push(contentStored('1', reef))
      const [claim] = await claims()
      await push({ name: 'v2.ContentLost', opId: '2', args: { remoteKey: reef } }, contentStored('3', reef))
      expect(await shop.model.settleClaim(claim!, { at: 7, found: true })).toBe(false)
      expect(await check(reef)).toBe(null)
      expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 3 }])
    })

    it('come again when the log says something new after a check', async () => {
      await push(contentStored('1', reef))
      await shop.model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })
      await push({ name: 'v2.ContentLost', opId: '2', args: { remoteKey: reef } })
      expect(await shop.model.content(reef)).toMatchObject({ stored: false, check: null })
      await push(contentStored('3', reef))
      expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 3 }])
    })

    it('of a content that the log does not know are not settled', async () => {
      expect(await shop.model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })).toBe(false)
    })

    it('are checked again after a rebuild', async () => {
      await push(contentStored('1', reef))
      await shop.model.settleClaim({ remoteKey: reef, seqNum: 1 }, { at: 7, found: true })
      await shop.model.rebuild()
      expect(await claims()).toEqual([{ remoteKey: reef, seqNum: 1 }])
    })
  })
}
