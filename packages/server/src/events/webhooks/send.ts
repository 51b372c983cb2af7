/** One attempt to deliver an event. */
import { parseRetryAfter } from '@rockpool/protocol'
import type { Clock } from '@rockpool/sync-server'
import { VERSION } from '../../version.ts'
import { type Message, signatureHeaders } from './sign.ts'
import type { Webhook } from './webhook.ts'

export type Attempt =
  /** 2xx; `response` is the body as JSON, undefined when it is none */
  | { readonly kind: 'accepted'; readonly response: unknown }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined }

/** ms until the receiver has to respond. */
export const DEADLINE_MS = 30_000

/** Bytes read of a response. */
const MAX_RESPONSE_BYTES = 64 * 1024

/** @throws the reason of `signal` when it is aborted; nothing else */
export const send = async (
  { url, keys }: Pick<Webhook, 'url' | 'keys'>,
  message: Message,
  clock: Clock,
  signal: AbortSignal,
): Promise<Attempt> => {
  const deadline = new AbortController()
  const cancel = clock.setTimer(
    () => deadline.abort(new Error(`no response within ${DEADLINE_MS / 1_000} s`)),
    DEADLINE_MS,
  )
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `rockpool/${VERSION}`,
        ...signatureHeaders(keys, message),
      },
      body: message.body,
      // A redirect would send the event to an address that nobody configured.
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline.signal]),
    })
    const text = await readText(response)
    if (response.ok) return { kind: 'accepted', response: parseJson(text) }
    const isRedirect = response.status >= 300 && response.status < 400
    return {
      kind: 'failed',
      reason: `status ${response.status}${isRedirect ? ': redirects are not followed' : ''}`,
      retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), clock.now()),
    }
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'failed', reason: reasonOf(error), retryAfterMs: undefined }
  } finally {
    cancel()
  }
}

/** At most {@link MAX_RESPONSE_BYTES}: the rest is not read. */
const readText = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_RESPONSE_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_RESPONSE_BYTES).toString()
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    // Most receivers respond with nothing, or a word.
    return undefined
  }
}

/** undici hides what happened behind "fetch failed". */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message || message : message
}
