/** A configured receiver of events. Pure. */
import type { FileEvent } from '@rockpool/sync-server'
import { type StorageEventType, typeOf } from '../storage-event.ts'

export interface Webhook {
  readonly url: string
  /** of the signature: the current one and, while it is rotated, the former one */
  readonly keys: readonly Uint8Array[]
  readonly events: ReadonlySet<StorageEventType>
  /** undefined: all */
  readonly buckets: ReadonlySet<string> | undefined
}

export const wants = ({ events, buckets }: Webhook, { kind, bucket }: Pick<FileEvent, 'kind' | 'bucket'>): boolean =>
  events.has(typeOf(kind)) && (buckets === undefined || buckets.has(bucket))

/** For logs: path and query may hold a secret of the receiver. */
export const nameOf = ({ url }: Pick<Webhook, 'url'>): string => new URL(url).host
