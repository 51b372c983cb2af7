/** What the worker's bindings say: which tokens are good, and which buckets there are. The signer reads them the same way. */
import type { Buckets } from '@rockpool/protocol'
import { type Authenticate, environmentOf, readBuckets, readTokens, tokensOf } from '@rockpool/access'

export interface Rules {
  readonly authenticate: Authenticate
  readonly buckets: Buckets
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never a secret's value */
export const readRules = (bindings: object): Rules => {
  const environment = environmentOf(bindings)
  return { authenticate: tokensOf(readTokens(environment)), buckets: readBuckets(environment) }
}
