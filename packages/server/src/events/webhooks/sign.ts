/** The signature of a webhook, by the Standard Webhooks specification (symmetric, `v1`). Pure. */
import { createHmac } from 'node:crypto'

export interface Message {
  /** unique to the event: receivers recognize a repeat by it */
  readonly id: string
  /** of this attempt, unix seconds: receivers refuse old ones */
  readonly timestamp: number
  readonly body: string
}

/** @param keys the current one and, while it is rotated, the former one: a receiver accepts any */
export const signatureHeaders = (
  keys: readonly Uint8Array[],
  { id, timestamp, body }: Message,
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
    .join(' '),
})
