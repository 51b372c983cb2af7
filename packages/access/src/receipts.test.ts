import { createHmac, hkdfSync } from 'node:crypto'
import { formatReceipt, parseReceipt, type RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { receiptSigner, receiptVerifier } from './receipts.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const FORMER = 'another secret, of thirty-two bytes, too'
const KEY = `reef/files/${'a'.repeat(64)}` as RemoteKey
const OTHER_KEY = `reef/files/${'b'.repeat(64)}`
const CONTENT = { size: 5_000, at: 1_700_000_000_000 }

const receipt = await receiptSigner(SECRET)(KEY, CONTENT)
const { mac } = parseReceipt(receipt)!
const valid = receiptVerifier([SECRET])

test('a receipt is valid for its remote key, and its size', async () => {
  expect(await valid(receipt, KEY)).toBe(true)
  expect(await valid(receipt, KEY, CONTENT.size)).toBe(true)
  expect(parseReceipt(receipt)).toMatchObject(CONTENT)
})

describe('a receipt is not valid', () => {
  const flip = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'Q' : 'A') + text.slice(at + 1)

  test.each<[string, string, string, number?]>([
    ['for another remote key', receipt, OTHER_KEY],
    ['for the same content in another store', receipt, KEY.replace('reef', 'lagoon')],
    ['for the same content of an owner', receipt, KEY.replace('files/', `files/u_${'a'.repeat(32)}/`)],
    ['for another size', receipt, KEY, CONTENT.size + 1],
    ['with another size in it', formatReceipt({ ...CONTENT, size: 1 }, mac), KEY],
    ['with another time in it', formatReceipt({ ...CONTENT, at: CONTENT.at + 1 }, mac), KEY],
    ['with a digit moved from the size to the time', receipt.replace('5000.1', '500.01'), KEY],
    ['with the first character of the MAC changed', formatReceipt(CONTENT, flip(mac, 0)), KEY],
    ['with the last character of the MAC changed', formatReceipt(CONTENT, flip(mac, 42)), KEY],
    ['without a MAC', formatReceipt(CONTENT, ''), KEY],
    ['as an empty text', '', KEY],
    ['as garbage', '\0r1.💥.'.repeat(1_000), KEY],
  ])('%s', async (_, text, key, size) => {
    expect(await valid(text, key, size)).toBe(false)
  })

  test('by another secret', async () => {
    expect(await valid(await receiptSigner(`${SECRET}!`)(KEY, CONTENT), KEY)).toBe(false)
  })

  test('where no secret is known', async () => {
    expect(await receiptVerifier([])(receipt, KEY)).toBe(false)
  })

  test('when the secret itself, which signs tokens, has signed its text', async () => {
    const text = `r1\n${KEY}\n${CONTENT.size}\n${CONTENT.at}`
    const signed = createHmac('sha256', SECRET).update(text).digest('base64url')
    expect(await valid(formatReceipt(CONTENT, signed), KEY)).toBe(false)
  })
})

test('while secrets are rotated, receipts of both are valid', async () => {
  const rotating = receiptVerifier([SECRET, FORMER])
  expect(await rotating(receipt, KEY)).toBe(true)
  expect(await rotating(await receiptSigner(FORMER)(KEY, CONTENT), KEY)).toBe(true)
  expect(await receiptVerifier([FORMER])(receipt, KEY)).toBe(false)
})

test('the MAC is HMAC-SHA-256 by a key that HKDF-SHA-256 derives', () => {
  const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'rockpool receipt v1', 32))
  const text = `r1\n${KEY}\n${CONTENT.size}\n${CONTENT.at}`
  expect(mac).toBe(createHmac('sha256', key).update(text).digest('base64url'))
})

test('a secret that can be guessed is refused', () => {
  for (const secret of ['', 'short']) {
    expect(() => receiptSigner(secret)).toThrow('32 bytes')
    expect(() => receiptVerifier([SECRET, secret])).toThrow('32 bytes')
  }
})
