/**
 * The facts that go into the event log. Nothing about progress, queues or devices: the log never compacts.
 *
 * Every event has a random `opId`. A copy of an applied event is ignored: the outbox may repeat an event later in the log, where a
 * plain upsert would undo later changes of others.
 *
 * @see ARCHITECTURE.md, "Event log"
 */
import type { Owner, RemoteKey } from '@rockpool/protocol'

/** Small JSON metadata of a file. */
export type FileMeta = { readonly [key: string]: JsonValue }
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

interface Fact<Name extends string, Args> {
  readonly name: Name
  /** random, unique to this change; kept when the outbox repeats the event */
  readonly opId: string
  readonly args: Args
}

/** Times `at` are unix ms by the device's clock. */
export type PoolEvent =
  | Fact<
      'v2.FileAdded',
      {
        readonly id: string
        readonly name: string
        readonly type: string
        readonly size: number
        readonly remoteKey: RemoteKey
        readonly meta: FileMeta
        readonly at: number
        /** Segment of the user who adds the file. The sync server compares it with the sender of the event. */
        readonly owner?: Owner
        /** Path inside the bucket, such as `fish/reef.jpg`, for readers by path. Several files may have the same one. */
        readonly path?: string
      }
    >
  | Fact<
      'v2.FileContentReplaced',
      {
        readonly id: string
        readonly remoteKey: RemoteKey
        readonly size: number
        readonly type: string
        readonly basedOn: RemoteKey
        readonly at: number
      }
    >
  | Fact<'v2.FileRenamed', { readonly id: string; readonly name: string; readonly at: number }>
  | Fact<'v2.FileMetaSet', { readonly id: string; readonly meta: FileMeta; readonly at: number }>
  | Fact<'v2.FileDeleted', { readonly id: string; readonly at: number }>
  | Fact<'v2.FileRestored', { readonly id: string; readonly at: number }>
  | Fact<
      'v2.ContentStored',
      {
        readonly remoteKey: RemoteKey
        readonly etag?: string
        readonly versionId?: string
        /** The signer's receipt, which the sync server verifies before it stores the event. Without it this is only a claim. */
        readonly receipt?: string
      }
    >
  | Fact<'v2.ContentLost', { readonly remoteKey: RemoteKey }>

export type PoolEventName = PoolEvent['name']
