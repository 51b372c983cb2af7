/** Receipts of a push, verified before its transaction: that one is synchronous, and WebCrypto is not. */
import { checkReceipt, hasReceipt, type VerifyReceipt } from '@rockpool/access'
import type { JudgedEvent } from './judge-push.ts'

/** The events, with a defect on each whose receipt is not the signer's. Repeats are judged, too, and never refused for it. */
export const judgeReceipts = async (
  verify: VerifyReceipt,
  events: readonly JudgedEvent[],
): Promise<readonly JudgedEvent[]> => {
  // Most events have none, and a promise for each would take as long as the other rules.
  if (!events.some(isToVerify)) return events
  return Promise.all(events.map((judged) => (isToVerify(judged) ? withVerdict(verify, judged) : judged)))
}

const isToVerify = ({ event: { name }, args, defect }: JudgedEvent): boolean =>
  defect === undefined && hasReceipt({ name, args })

const withVerdict = async (verify: VerifyReceipt, judged: JudgedEvent): Promise<JudgedEvent> => {
  const { event, args } = judged
  return { ...judged, defect: await checkReceipt(verify, { name: event.name, args }) }
}
