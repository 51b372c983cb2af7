import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { newEvents } from './in-order.ts'
import { usableFor } from './token-sync.ts'

describe('newEvents', () => {
  const events = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({
      eventEncoded: { seqNum: from + i, parentSeqNum: from + i - 1 },
    }))
  it.each([
    ['all new', 0, events(1, 3), events(1, 3), 3, false],
    ['all seen', 3, events(1, 3), [], 3, false],
    ['some seen', 2, events(1, 3), events(3, 3), 3, false],
    ['none', 2, [], [], 2, false],
    ['some missing', 2, events(4, 5), events(4, 5), 5, true],
  ])('%s', (_, seen, batch, fresh, last, gap) => {
    expect(newEvents(seen, batch)).toEqual({ batch: fresh, seen: last, gap })
  })
})

describe('usableFor', () => {
  const token = (claims: object) =>
    new SignJWT(claims as Record<string, unknown>).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
  it.each([
    ['an hour: renewed 30 s before its end', 3_600, 3_570_000],
    ['40 s: at half its life', 40, 20_000],
    ['over already: soon', -5, 500],
    ['a year: as long as a timer can wait', 31_536_000, 2 ** 31 - 1],
  ])('%s', async (_, seconds, ms) => {
    expect(usableFor(await token({ exp: 1_000_000 + seconds }), 1_000_000_000)).toBe(ms)
  })
  it('has no end when the token has none', async () => {
    expect(usableFor(await token({}), 0)).toBe(2 ** 31 - 1)
  })
})
