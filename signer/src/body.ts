/** Reads a JSON body: limited in bytes and time, and of the shape of the contract. */
import * as ParseResult from 'effect/ParseResult'
import type * as Schema from 'effect/Schema'
import { parseRemoteKey } from '@rockpool/protocol'
import { httpError } from './errors.ts'

/** Largest JSON body in bytes (signer HTTP contract). 10,000 digests take 427 KiB. */
export const MAX_BODY_BYTES = 1024 * 1024

/** Time for a whole JSON body to arrive, against slow clients (slow loris). */
const BODY_DEADLINE_MS = 10_000

/**
 * The body as `schema` reads it.
 *
 * @throws RockpoolError `too_large`, `bad_request`
 */
export const readJson = async <A, I>(
  request: Request,
  schema: Schema.Schema<A, I>,
  deadlineMs = BODY_DEADLINE_MS,
): Promise<A> => {
  const text = await readText(request, deadlineMs)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw httpError('bad_request', 'The body has to be JSON.')
  }
  return decode(schema, json)
}

/**
 * `value` as `schema` reads it.
 *
 * @throws RockpoolError `bad_key` when what is wrong is a key, else `bad_request`
 */
export const decode = <A, I>(schema: Schema.Schema<A, I>, value: unknown): A => {
  const result = ParseResult.decodeUnknownEither(schema)(value)
  if (result._tag === 'Right') return result.right
  const [issue] = ParseResult.ArrayFormatter.formatIssueSync(result.left)
  const path = issue?.path ?? []
  const message = issue?.message ?? 'it has another shape than the contract says'
  if (isBadKey(path, value)) throw httpError('bad_key', `That is no key: ${message}.`)
  throw httpError('bad_request', `${path.join('.') || 'The request'}: ${message}`.slice(0, 300))
}

/** Whether the invalid field is `key`, or one of `keys`. */
const isBadKey = (path: readonly PropertyKey[], value: unknown): boolean => {
  if (path[0] !== 'keys' && path.at(-1) !== 'key') return false
  const key = path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value)
  return typeof key === 'string' && parseRemoteKey(key) === undefined
}

const brokenOff = (cause: unknown): never => {
  throw httpError('bad_request', 'The request body broke off. Send it again.', { cause })
}

const readText = async (request: Request, deadlineMs: number): Promise<string> => {
  const tooLarge = () => httpError('too_large', `A request body has at most ${MAX_BODY_BYTES} bytes.`)
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge()
  if (!request.body) return ''
  const reader = request.body.getReader()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(httpError('bad_request', 'The request body arrived too slowly. Send it again.')),
    deadlineMs,
  )
  late.promise.catch(() => {})
  const decoder = new TextDecoder()
  try {
    let text = ''
    let size = 0
    for (;;) {
      const { done, value } = await Promise.race([reader.read().catch(brokenOff), late.promise])
      if (done) return text + decoder.decode()
      size += value.length
      if (size > MAX_BODY_BYTES) throw tooLarge()
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    void reader.cancel().catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}
