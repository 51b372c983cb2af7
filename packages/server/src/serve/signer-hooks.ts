/** What the signer reports, in the log and in the line of its request. */
import type { SignerHooks } from '@rockpool/signer'
import type { Log } from './log.ts'
import { currentRequest } from './request-scope.ts'
import { SIGNER_PATH } from './route.ts'

export const signerHooks = (log: Log): SignerHooks => ({
  onRequest: ({ route, sub, storeId, error }) => {
    const found = currentRequest()?.found
    if (!found) return
    found.route = `${SIGNER_PATH}${route}`
    if (sub !== undefined) found.sub = sub
    if (storeId !== undefined) found.storeId = storeId
    if (error !== undefined) found.error = error
  },
  onDecision: (decision) => log[decision.allowed ? 'debug' : 'info']('decision', decision),
  onEvent: (event) => {
    // A denial is a decision, which has its line already.
    if (event.type !== 'access.denied') log.info('event', event)
  },
})
