import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { receiptSigner, receiptVerifier } from '../receipts.ts'
import { poolArgs } from '../testing/sample-args.ts'
import { FORMER_SECRET, SECRET } from '../testing/token-cases.ts'
import { checkReceipt } from './check-receipt.ts'

const ARGS = poolArgs('shop')['v2.ContentStored']
const KEY = ARGS.remoteKey as RemoteKey
const OTHER_KEY = KEY.replace('a', 'b') as RemoteKey
const CONTENT = { size: 5_000, at: 1_700_000_000_000 }
const verify = receiptVerifier([SECRET])
const codeOf = async (change: object, name = 'v2.ContentStored') =>
  (await checkReceipt(verify, { name, args: { ...ARGS, ...change } }))?.code

describe('checkReceipt', () => {
  it('takes the receipt of the remote key', async () => {
    expect(await codeOf({ receipt: await receiptSigner(SECRET)(KEY, CONTENT) })).toBeUndefined()
  })

  it.each([
    ['another remote key', () => receiptSigner(SECRET)(OTHER_KEY, CONTENT)],
    ['another secret', () => receiptSigner(FORMER_SECRET)(KEY, CONTENT)],
    ['nobody', () => Promise.resolve('stored, on my word')],
    ['an empty text', () => Promise.resolve('')],
  ])('refuses a receipt of %s', async (_, receipt) => {
    expect(await codeOf({ receipt: await receipt() })).toBe('bad_receipt')
  })

  it('refuses every receipt where the server knows no secret', async () => {
    const receipt = await receiptSigner(SECRET)(KEY, CONTENT)
    const refusal = await checkReceipt(receiptVerifier([]), {
      name: 'v2.ContentStored',
      args: { ...ARGS, receipt },
    })
    expect(refusal).toEqual({ code: 'bad_receipt', message: expect.stringContaining('the same receipt secret.') })
  })

  it.each([
    ['without a receipt', {}],
    ['with null for a receipt, which is none', { receipt: null }],
    ['with fields of other types, which another rule refuses', { receipt: 7 }],
    ['with a remote key of another type, which another rule refuses', { receipt: 'x', remoteKey: 7 }],
  ])('leaves an event alone %s', async (_, change) => {
    expect(await codeOf(change)).toBeUndefined()
  })

  it('leaves other events alone, also with a field of this name, and events without args', async () => {
    expect(await codeOf({ receipt: 'x' }, 'note')).toBeUndefined()
    for (const args of [undefined, null, 7, 'text']) {
      expect(await checkReceipt(verify, { name: 'v2.ContentStored', args })).toBeUndefined()
    }
  })
})
