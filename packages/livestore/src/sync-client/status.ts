/** Derives the sync status from the provider's facts. One reason at a time: the most important one for a person. */
import { type SyncReasonCode, type SyncStatus, syncStatus } from '@rockpool/core'
import type { StateName } from './funnel.ts'

/** How the last exchange with the server ended. */
export type Contact =
  | { readonly type: 'none' }
  | { readonly type: 'responded' }
  /** @property message a sentence for people */
  | { readonly type: 'failed'; readonly message: string; readonly failures: number }
  | { readonly type: 'token_failed'; readonly message: string }
  | { readonly type: 'failed_to_start'; readonly message: string }
  | { readonly type: 'unauthenticated' | 'forbidden'; readonly message: string }

export interface SyncFacts {
  readonly url: string
  /** `navigator.onLine`: false is certain, true is a guess */
  readonly hasNetwork: boolean
  /** whether this device ever reached the server, before a reload too */
  readonly hasResponded: boolean
  readonly contact: Contact
  /** the problem of the log, by the state of the funnel */
  readonly log: 'foreign_backend' | 'server_behind' | 'forked' | undefined
  /** the server's message for a rejected push */
  readonly refusal: { readonly code: 'push_refused' | 'forbidden'; readonly message: string } | undefined
  /** the watchdog has no step left */
  readonly isStuck: boolean
}

/** The problem of the server's log that a state of the funnel means. */
export const logProblemOf = (state: StateName | undefined): SyncFacts['log'] => {
  if (state === 'foreign') return 'foreign_backend'
  return state === 'server_behind' || state === 'forked' ? state : undefined
}

/** A server that starts a moment after the page is no failure yet. */
const FAILURES_BEFORE_REPORT = 3

export const statusOf = (facts: SyncFacts): SyncStatus => {
  const { contact, log, refusal } = facts
  const status = (code: SyncReasonCode, message: string) => syncStatus(code, message)
  if (log === 'foreign_backend') {
    return status(
      'foreign_backend',
      'The server has another log under this storeId, so sync stopped. This device keeps its data; restore the former log, or clear this device.',
    )
  }
  if (contact.type === 'failed_to_start') return status('server_failed_to_start', contact.message)
  if (contact.type === 'failed' || contact.type === 'token_failed') {
    if (!facts.hasNetwork) return status('no_network', 'This device has no network. Sync resumes when it is back.')
    if (contact.type === 'token_failed') return status('token_failed', contact.message)
    if (facts.hasResponded) return status('no_answer', `${contact.message} Sync resumes when the server responds.`)
    if (contact.failures >= FAILURES_BEFORE_REPORT) {
      return status(
        'cors',
        `${contact.message} The sync server at ${facts.url} never responded: it may be down, the url may be wrong, or it may not allow this origin (CORS).`,
      )
    }
    return status('connecting', 'Connecting to the sync server.')
  }
  if (contact.type === 'unauthenticated' || contact.type === 'forbidden') return status(contact.type, contact.message)
  if (log === 'forked') {
    return status(
      'forked',
      'This device and the server have different events under the same numbers, so sync stopped. This device keeps its data; see the server’s log.',
    )
  }
  if (log === 'server_behind') {
    return status(
      'server_behind',
      'The server lacks events that it had before: it was restored from an older backup. This device keeps its data; restore a newer backup.',
    )
  }
  if (refusal !== undefined) return status(refusal.code, refusal.message)
  if (facts.isStuck) {
    return status(
      'not_converging',
      'The server responds, but events do not arrive. Reload the page; what was saved on this device is kept.',
    )
  }
  if (contact.type === 'none') return status('connecting', 'Connecting to the sync server.')
  return status('connected', 'This device is connected to the sync server.')
}
