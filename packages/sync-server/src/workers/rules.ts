/** By which rules a Worker serves: its bindings, which are the variables of the signer, and what the app's code sets. */
import {
  type Authenticate,
  environmentOf,
  readBuckets,
  readOrigins,
  readReceiptSecrets,
  readTokens,
  tokensOf,
} from '@rockpool/access'
import type { Buckets } from '@rockpool/protocol'
import type { SyncOptions } from '../http/handler.ts'

/** What no binding says. */
export type SyncBackendOptions = Pick<SyncOptions, 'eventNames' | 'quota'>

export interface Rules extends SyncBackendOptions {
  readonly authenticate: Authenticate
  readonly buckets: Buckets
  readonly allowedOrigins: readonly string[]
  readonly receiptSecrets: readonly string[]
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never the value of a secret */
export const readRules = (bindings: object): Rules => {
  const environment = environmentOf(bindings)
  return {
    authenticate: tokensOf(readTokens(environment)),
    buckets: readBuckets(environment),
    allowedOrigins: readOrigins(environment),
    receiptSecrets: readReceiptSecrets(environment),
  }
}
