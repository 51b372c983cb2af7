/** What the worker's bindings say: which tokens are good, and which buckets there are. The signer reads them the same way. */
import { type Buckets, DEFAULT_BUCKETS, RockpoolError } from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import { type Authenticate, environmentOf, readTokens, tokensOf } from '@rockpool/tokens'
import { Option, Schema } from 'effect'

export interface Rules {
  readonly authenticate: Authenticate
  readonly buckets: Buckets
}

/** @throws RockpoolError `bad_request`: one line that names the binding, never a secret's value */
export const readRules = (bindings: object): Rules => {
  const environment = environmentOf(bindings)
  return { authenticate: tokensOf(readTokens(environment)), buckets: readBuckets(environment.ROCKPOOL_BUCKETS) }
}

const BucketsText = Schema.parseJson(schema.Buckets).pipe(Schema.filter((buckets) => Object.keys(buckets).length > 0))

const readBuckets = (text = ''): Buckets => {
  if (text.trim() === '') return DEFAULT_BUCKETS
  return Option.getOrThrowWith(
    Schema.decodeUnknownOption(BucketsText)(text),
    () => new RockpoolError('bad_request', 'ROCKPOOL_BUCKETS: write it like {"photos":{"access":"store"}}.'),
  )
}
