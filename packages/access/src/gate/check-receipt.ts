/**
 * Whether the receipt of a `v2.ContentStored` is the signer's. Asynchronous, so it runs before the transaction of an append
 * and apart from the other rules.
 */
import type { PoolEventName } from '@rockpool/core/records'
import type { VerifyReceipt } from '../receipts.ts'
import type { PushedEvent } from './pusher.ts'
import { malformed, type Refusal } from './refusal.ts'

const CONTENT_STORED: PoolEventName = 'v2.ContentStored'

type ReceiptEvent = Pick<PushedEvent, 'name' | 'args'>

/** The receipt of an event and what it is for; undefined without one. Fields of other types are refused by `checkEvent`. */
const receiptOf = ({ name, args }: ReceiptEvent) => {
  if (name !== CONTENT_STORED) return undefined
  const { receipt, remoteKey } = (args ?? {}) as { readonly receipt?: unknown; readonly remoteKey?: unknown }
  return typeof receipt === 'string' && typeof remoteKey === 'string' ? { receipt, remoteKey } : undefined
}

/** Whether there is anything for {@link checkReceipt} to verify. */
export const hasReceipt = (event: ReceiptEvent): boolean => receiptOf(event) !== undefined

/**
 * Devices cannot verify a receipt and rely on this check. So a server that knows no secret refuses every receipt; an event
 * without one is taken.
 */
export const checkReceipt = async (verify: VerifyReceipt, event: ReceiptEvent): Promise<Refusal | undefined> => {
  const found = receiptOf(event)
  if (!found || (await verify(found.receipt, found.remoteKey))) return undefined
  return malformed(
    'bad_receipt',
    event.name,
    'has a receipt that the sync server cannot verify. Give signer and sync server the same receipt secret',
  )
}
