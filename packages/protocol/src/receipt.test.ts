import { describe, expect, test } from 'vitest'
import { formatReceipt, parseReceipt } from './receipt.ts'

const MAC = `${'a'.repeat(42)}A`

describe('parseReceipt', () => {
  test('returns what formatReceipt was given', () => {
    for (const fields of [
      { size: 0, at: 0 },
      { size: 5_000, at: 1_700_000_000_000 },
      { size: 999_999_999_999_999, at: 999_999_999_999_999 },
    ]) {
      expect(parseReceipt(formatReceipt(fields, MAC))).toEqual({ ...fields, mac: MAC })
    }
  })

  test.each([
    ['no text', ''],
    ['another version', `r2.1.1.${MAC}`],
    ['a leading zero', `r1.01.1.${MAC}`],
    ['a negative size', `r1.-1.1.${MAC}`],
    ['a fraction', `r1.1.5.1.${MAC}`],
    ['an exponent', `r1.1e3.1.${MAC}`],
    ['a size past 15 digits', `r1.1000000000000000.1.${MAC}`],
    ['a time past 15 digits', `r1.1.1000000000000000.${MAC}`],
    ['a time that is missing', `r1.1..${MAC}`],
    ['a short MAC', `r1.1.1.${MAC.slice(1)}`],
    ['a long MAC', `r1.1.1.a${MAC}`],
    ['padding', `r1.1.1.${MAC}=`],
    ['a MAC in base64 that is not for URLs', `r1.1.1.+${MAC.slice(1)}`],
    ['unused bits that are set', `r1.1.1.${MAC.slice(0, -1)}B`],
    ['a space in front', ` r1.1.1.${MAC}`],
    ['a line break behind', `r1.1.1.${MAC}\n`],
    ['digits of another script', `r1.١.1.${MAC}`],
  ])('returns undefined for %s', (_, text) => {
    expect(parseReceipt(text)).toBeUndefined()
  })
})
