/** Whether a user may append a push to the log of a store. */
import { hasRight } from '../claims.ts'
import { receiptVerifier, type VerifyReceipt } from '../receipts.ts'
import { checkEvent, eventTooLarge, MAX_EVENT_BYTES } from './check-event.ts'
import { checkReceipt } from './check-receipt.ts'
import { toJsonText } from './json-text.ts'
import type { PushedEvent, Pusher } from './pusher.ts'
import { malformed, type Refusal } from './refusal.ts'

/**
 * Whether a push may be stored: a sentence that says why not, or undefined. For the `onPush` of a LiveStore sync backend;
 * `@rockpool/sync-server` applies the same rules to single events. One refused event refuses the whole push.
 *
 * @param verifyReceipt takes the signer's receipts; events with any receipt are refused unless set
 */
export const checkPush = async (
  pusher: Pusher,
  events: readonly PushedEvent[],
  verifyReceipt: VerifyReceipt = receiptVerifier([]),
): Promise<string | undefined> => {
  const problem = checkWriter(pusher)
  if (problem !== undefined) return problem
  for (const event of events) {
    const refusal = checkSize(event) ?? checkEvent(pusher, event) ?? (await checkReceipt(verifyReceipt, event))
    if (refusal !== undefined) return refusal.message
  }
  return undefined
}

/** Whether the user may write in the store at all: a sentence that says why not, or undefined. */
export const checkWriter = ({ claims, storeId }: Pusher): string | undefined =>
  hasRight(claims, storeId, 'write') ? undefined : `This token may not write in the store "${storeId}".`

/** Args as JSON, and the event by its size. */
const checkSize = ({ args, ...event }: PushedEvent): Refusal | undefined => {
  const json = args === undefined ? { text: '' } : toJsonText(args)
  if ('problem' in json) return malformed('bad_event', event.name, `has args that ${json.problem}`)
  const bytes = new TextEncoder().encode(JSON.stringify(event) + json.text).length
  return bytes > MAX_EVENT_BYTES ? eventTooLarge(bytes) : undefined
}
