/** Which buckets there are, as an environment says: the same variable for the signer and the sync backend. */
import { type Buckets, DEFAULT_BUCKETS } from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import * as ParseResult from 'effect/ParseResult'
import * as Schema from 'effect/Schema'
import { type Environment, variable, wrongVariable } from './environment.ts'

const SomeBuckets = schema.Buckets.pipe(
  Schema.filter((buckets) => Object.keys(buckets).length > 0 || 'name at least one bucket'),
)

/**
 * Reads `ROCKPOOL_BUCKETS`: JSON, the rules by bucket name. Not set, it is one bucket `files`, open to the whole store.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable
 */
export const readBuckets = (env: Environment): Buckets => {
  const text = variable(env, 'ROCKPOOL_BUCKETS')
  if (text === undefined) return DEFAULT_BUCKETS
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw wrong('it is not JSON')
  }
  return decodeBuckets(json, wrong)
}

/**
 * Reads the rules by bucket name. A key that no rule has is refused: a misspelled limit would let everything in.
 *
 * @param fail makes the error from what is wrong, which has no full stop
 * @throws what `fail` makes
 */
export const decodeBuckets = (value: unknown, fail: (problem: string) => Error): Buckets => {
  const result = ParseResult.decodeUnknownEither(SomeBuckets)(value, { onExcessProperty: 'error' })
  if (result._tag === 'Right') return result.right
  const { _tag, path, message } = ParseResult.ArrayFormatter.formatIssueSync(result.left)[0]!
  const problem = _tag === 'Unexpected' ? 'there is no such rule; there are access, types, maxSize and hold' : message
  throw fail((path.length > 0 ? `${path.join('.')}: ${problem}` : problem).slice(0, 300))
}

const wrong = (problem: string) =>
  wrongVariable('ROCKPOOL_BUCKETS', `${problem}; write it like {"photos":{"access":"store","types":["image/*"]}}`)
