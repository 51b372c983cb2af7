import { describe, expect, it } from 'vitest'
import { parseNotice, toNotice } from './notice.ts'

describe('a notice', () => {
  it('is read as it was written', () => {
    const notice = { storeId: 'x'.repeat(128), since: Number.MAX_SAFE_INTEGER - 9e15, origin: crypto.randomUUID() }
    expect(parseNotice(toNotice(notice))).toEqual(notice)
  })

  it.each(['', 'shop', 'shop 1', 'shop -1 me', 'shop 1.5 me', 'shop x me', 'a/b 1 me', 'tmp 1 me', 'shop 1 me too'])(
    'is ignored when it is "%s"',
    (text) => {
      expect(parseNotice(text)).toBe(undefined)
    },
  )
})
