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
import type { WorkerClaimChecks } from './claim-check.ts'
import type { SyncBackendEnv } from './index.ts'

/** What no binding says. `rateLimit` counts in each isolate by itself. */
export interface SyncBackendOptions extends Pick<SyncOptions, 'eventNames' | 'quota' | 'rateLimit'> {
  /** How contents are checked that are only claimed to be stored, by the bindings; not at all unless set. */
  readonly claims?: (bindings: SyncBackendEnv) => WorkerClaimChecks | undefined
}

export interface Rules extends Omit<SyncBackendOptions, 'claims'> {
  readonly authenticate: Authenticate
  readonly buckets: Buckets
  readonly allowedOrigins: readonly string[]
  readonly receiptSecrets: readonly string[]
  readonly claims: WorkerClaimChecks | undefined
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never the value of a secret */
export const readRules = (bindings: SyncBackendEnv, { claims, ...options }: SyncBackendOptions): Rules => {
  const environment = environmentOf(bindings)
  return {
    ...options,
    claims: claims?.(bindings),
    authenticate: tokensOf(readTokens(environment)),
    buckets: readBuckets(environment),
    allowedOrigins: readOrigins(environment),
    receiptSecrets: readReceiptSecrets(environment),
  }
}
