/** Why an event is not taken: a code for programs and a sentence for people (docs/contracts/sync-http.md, "What is taken"). */
import { isRockpoolError, type QuotaUsage, type RockpoolError } from '@rockpool/protocol'

export type RefusalCode =
  /** the event does not have the shape of its name, or has an odd id, text or time */
  | 'bad_event'
  | 'event_too_large'
  /** the name is reserved and unknown, or not in the server's list */
  | 'unknown_event'
  | 'forbidden'
  | 'bad_key'
  | 'unknown_bucket'
  | 'bad_name'
  | 'bad_path'
  | 'bad_meta'
  | 'bad_type'
  | 'type_not_allowed'
  | 'too_large'
  /** `v2.ContentStored` has a receipt that the signer did not give for its remote key */
  | 'bad_receipt'
  /** an operator removed this event from the log, or the file that it changes */
  | 'redacted'
  /** the store or the user has no room for another event or file; `usage` has the figures of a quota of files */
  | 'quota_exceeded'

export interface Refusal {
  readonly code: RefusalCode
  readonly message: string
  readonly usage?: QuotaUsage
}

/** A name from outside, for a message. */
export const quote = (name: string): string => `"${name.toWellFormed().slice(0, 100)}"`

/** A change that no client of ours makes: the app, or a copy of it that is too old or too new, is at fault. */
export const malformed = (code: RefusalCode, name: string, problem: string): Refusal => ({
  code,
  message: `This change cannot be saved: ${quote(name)} ${problem}.`,
})

const FIELD_CODES = [
  'unknown_bucket',
  'bad_name',
  'bad_path',
  'bad_meta',
  'bad_type',
  'type_not_allowed',
  'too_large',
] as const satisfies readonly RefusalCode[]

/** The error of a limit of core, as a refusal. */
export const toRefusal = (error: RockpoolError | undefined): Refusal | undefined => {
  if (error === undefined) return undefined
  if (!isRockpoolError(error, ...FIELD_CODES)) throw error
  return { code: error.code as (typeof FIELD_CODES)[number], message: error.message }
}
