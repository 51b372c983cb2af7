/** Who may do what: token claims and bucket rules. */
import * as Schema from 'effect/Schema'
import { MAX_CONTENT_SIZE } from '../content-address.ts'
import { isBucketName } from '../remote-key.ts'
import { optional, Size } from './fields.ts'

export const Right = Schema.Literal('read', 'write', 'delete', 'admin').annotations({ identifier: 'Right' })

/** What the signer and the sync backend read of a token; it may hold more. */
export const TokenClaims = Schema.Struct({
  sub: Schema.String.pipe(Schema.length({ min: 1, max: 1_024 })),
  stores: Schema.Record({ key: Schema.String, value: Schema.Array(Right) }),
  exp: optional(Schema.JsonNumber),
}).annotations({ identifier: 'TokenClaims' })

export const BucketAccess = Schema.Literal('public', 'store', 'owner').annotations({ identifier: 'BucketAccess' })

const TypePattern = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9!#$&^_.+-]{1,127}\/(?:\*|[A-Za-z0-9!#$&^_.+-]{1,127})$/),
).annotations({ message: () => 'allowed types are media types such as image/png, or image/*' })

export const HoldRules = Schema.Struct({
  waitSeconds: Schema.Int.pipe(Schema.between(1, 31_536_000)).annotations({
    message: () => 'a wait has 1 to 31,536,000 seconds',
  }),
  refused: Schema.Literal('keep', 'delete'),
}).annotations({ identifier: 'HoldRules' })

export const BucketRules = Schema.Struct({
  access: BucketAccess,
  types: optional(Schema.Array(TypePattern)),
  maxSize: optional(Size.pipe(Schema.lessThanOrEqualTo(MAX_CONTENT_SIZE))),
  hold: optional(HoldRules),
}).annotations({ identifier: 'BucketRules' })

export const Buckets = Schema.Record({ key: Schema.String, value: BucketRules })
  .pipe(
    Schema.filter((buckets) => Object.keys(buckets).every(isBucketName), {
      message: () => 'a bucket name has 1 to 128 letters, digits, "_" and "-"',
      jsonSchema: { propertyNames: { pattern: '^[A-Za-z0-9_-]{1,128}$' } },
    }),
  )
  .annotations({ identifier: 'Buckets' })
