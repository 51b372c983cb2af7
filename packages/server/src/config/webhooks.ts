/** Who is sent events, as an environment says. */
import { Buffer } from 'node:buffer'
import { type Environment, variable, wrongVariable } from '@rockpool/access'
import { isBucketName } from '@rockpool/protocol'
import * as ParseResult from 'effect/ParseResult'
import * as Schema from 'effect/Schema'
import { EVENT_TYPES } from '../events/storage-event.ts'
import type { Webhook } from '../events/webhooks/webhook.ts'

const VARIABLE = 'ROCKPOOL_WEBHOOKS'

/** A key has to be as long as this, and no longer (Standard Webhooks, "Signature scheme"). */
const [MIN_KEY_BYTES, MAX_KEY_BYTES] = [24, 64]

const Secret = Schema.String.pipe(
  Schema.filter((text) => keyOf(text) !== undefined || 'make a secret with: echo "whsec_$(openssl rand -base64 32)"'),
)

const Hooks = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      url: Schema.String.pipe(
        Schema.filter((text) => isHookUrl(text) || 'it is no URL such as https://app.example/hook'),
      ),
      secret: Secret,
      secret_former: Schema.optional(Secret),
      events: Schema.optional(Schema.NonEmptyArray(Schema.Literal(...EVENT_TYPES))),
      buckets: Schema.optional(
        Schema.NonEmptyArray(
          Schema.String.pipe(Schema.filter((name) => isBucketName(name) || 'it is no name of a bucket')),
        ),
      ),
    }),
  ),
)

/**
 * Reads `ROCKPOOL_WEBHOOKS`: JSON, a list. None unless set.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable, never a secret
 */
export const readWebhooks = (env: Environment): readonly Webhook[] => {
  const text = variable(env, VARIABLE)
  if (text === undefined) return []
  const decoded = ParseResult.decodeUnknownEither(Hooks)(text, { onExcessProperty: 'error' })
  if (decoded._tag === 'Left') throw wrongVariable(VARIABLE, problemOf(decoded.left))
  const hooks = decoded.right.map(({ url, secret, secret_former: former, events = EVENT_TYPES, buckets }) => ({
    url,
    keys: [secret, ...(former === undefined ? [] : [former])].map((each) => keyOf(each)!),
    events: new Set(events),
    buckets: buckets && new Set(buckets),
  }))
  if (new Set(hooks.map(({ url }) => url)).size < hooks.length) {
    throw wrongVariable(VARIABLE, 'two webhooks have the same URL; make them one, or add a query to one of them')
  }
  return hooks
}

/** The words of the parser quote what is wrong, which may be a secret: only the filters' own words are shown. */
const problemOf = (error: ParseResult.ParseIssue): string => {
  const { _tag, path, message } = ParseResult.ArrayFormatter.formatIssueSync(error)[0]!
  const place = path.length > 0 ? `${path.join('.')}: ` : ''
  if (_tag === 'Unexpected')
    return `${place}there is no such setting; there are url, secret, secret_former, events, buckets`
  if (_tag === 'Missing') return `${place}is missing`
  if (_tag === 'Refinement' || (_tag === 'Type' && /^(it is|make)/.test(message))) return `${place}${message}`
  return `${place}write it like [{"url":"https://app.example/hook","secret":"whsec_…","events":["${EVENT_TYPES[0]}"]}]`
}

const keyOf = (secret: string): Uint8Array | undefined => {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const key = base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, 'base64'))
  return key && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES ? key : undefined
}

const isHookUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === ''
}
