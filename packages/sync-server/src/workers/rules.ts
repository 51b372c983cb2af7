/** What the bindings of a Worker say: the variables of the signer, by the same names. */
import { type Authenticate, environmentOf, readBuckets, readOrigins, readTokens, tokensOf } from '@rockpool/access'
import type { Buckets } from '@rockpool/protocol'

export interface Rules {
  readonly authenticate: Authenticate
  readonly buckets: Buckets
  readonly allowedOrigins: readonly string[]
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never the value of a secret */
export const readRules = (bindings: object): Rules => {
  const environment = environmentOf(bindings)
  return {
    authenticate: tokensOf(readTokens(environment)),
    buckets: readBuckets(environment),
    allowedOrigins: readOrigins(environment),
  }
}
