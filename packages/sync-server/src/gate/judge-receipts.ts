/** Receipts of a push, verified before its transaction: that one is synchronous, and WebCrypto is not. */
import { checkReceipt, type VerifyReceipt } from '@rockpool/access'
import type { JudgedEvent } from './judge-push.ts'

/** The events, with a defect on each whose receipt is not the signer's. Repeats are judged, too, and never refused for it. */
export const judgeReceipts = (verify: VerifyReceipt, events: readonly JudgedEvent[]): Promise<readonly JudgedEvent[]> =>
  Promise.all(
    events.map(async (judged) => {
      if (judged.defect) return judged
      const { event, args } = judged
      return { ...judged, defect: await checkReceipt(verify, { name: event.name, args }) }
    }),
  )
