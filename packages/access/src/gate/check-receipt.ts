/**
 * Whether the receipt of a `v2.ContentStored` is the signer's. Asynchronous, so it runs before the transaction of an append
 * and apart from the other rules.
 */
import type { PoolEventName } from '@rockpool/core/records'
import type { VerifyReceipt } from '../receipts.ts'
import type { PushedEvent } from './pusher.ts'
import { malformed, type Refusal } from './refusal.ts'

const CONTENT_STORED: PoolEventName = 'v2.ContentStored'

/**
 * Devices cannot verify a receipt and rely on this check. So a server that knows no secret refuses every receipt; an event
 * without one is taken.
 */
export const checkReceipt = async (
  verify: VerifyReceipt,
  { name, args }: Pick<PushedEvent, 'name' | 'args'>,
): Promise<Refusal | undefined> => {
  if (name !== CONTENT_STORED) return undefined
  const { receipt, remoteKey } = (args ?? {}) as { readonly receipt?: unknown; readonly remoteKey?: unknown }
  if (receipt === undefined || receipt === null) return undefined
  // Fields of other types are refused by `checkEvent`.
  if (typeof receipt !== 'string' || typeof remoteKey !== 'string') return undefined
  if (await verify(receipt, remoteKey)) return undefined
  return malformed(
    'bad_receipt',
    name,
    'has a receipt that the sync server cannot verify. Give signer and sync server the same receipt secret',
  )
}
