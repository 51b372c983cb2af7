/** What the outcome of a call says about the signer. Pure: for the state of sync, not for the call's own error. */
import { type RockpoolError } from '@rockpool/protocol'
import { type SyncStatus, syncStatus } from '../sync/sync-status.ts'

export type CallOutcome =
  /** a response of the signer itself: success, or one of its errors */
  | { readonly type: 'responded' }
  /** a response of something else */
  | { readonly type: 'foreign_response'; readonly status: number; readonly error: RockpoolError }
  /** the token was refused, a fresh one too */
  | { readonly type: 'token_refused'; readonly error: RockpoolError }
  /** the app gave no token */
  | { readonly type: 'no_token'; readonly error: RockpoolError }
  /** the development server that embeds the signer says why it did not start */
  | { readonly type: 'failed_to_start'; readonly message: string }
  | { readonly type: 'timed_out' }
  /** the request failed without a response: a browser says no more, so that CORS and a dead server look the same */
  | { readonly type: 'unreachable' }

export interface SignerFacts {
  readonly url: string
  /** `navigator.onLine`: false is certain, true is a guess */
  readonly hasNetwork: boolean
  /** the signer responded to a call of this page before, so CORS is in order */
  readonly hasResponded: boolean
  /** the signer is on another origin than the page */
  readonly corsApplies: boolean
}

export const signerStatusAfter = (outcome: CallOutcome, facts: SignerFacts): SyncStatus => {
  const { url, hasNetwork } = facts
  switch (outcome.type) {
    case 'responded':
      return syncStatus('connected', 'This device is connected to the signer.')
    case 'token_refused':
      return syncStatus('unauthenticated', outcome.error.message)
    case 'foreign_response':
      return outcome.status >= 500 || outcome.status === 429
        ? noAnswer(`The signer at ${url} responds with status ${outcome.status}.`)
        : syncStatus('wrong_server', outcome.error.message)
    case 'failed_to_start':
      return syncStatus('server_failed_to_start', outcome.message)
    case 'no_token':
      if (outcome.error.code === 'unauthenticated' || outcome.error.code === 'forbidden') {
        return syncStatus(outcome.error.code, outcome.error.message)
      }
      return hasNetwork ? syncStatus('token_failed', outcome.error.message) : noNetwork
    case 'timed_out':
      return hasNetwork ? noAnswer(`The signer at ${url} does not respond.`) : noNetwork
    case 'unreachable':
      if (!hasNetwork) return noNetwork
      return facts.hasResponded || !facts.corsApplies
        ? noAnswer(`The signer at ${url} cannot be reached although this device is online.`)
        : syncStatus('cors', neverResponded(url))
  }
}

const noAnswer = (what: string): SyncStatus =>
  syncStatus('no_answer', `${what} Files are kept here and upload when it is back.`)

const noNetwork = syncStatus(
  'no_network',
  'This device has no network. Files are kept here and upload when it is back.',
)

const neverResponded = (url: string): string =>
  `The signer at ${url} cannot be reached although this device is online. It may be down, or it may not allow this page's origin (CORS).`
