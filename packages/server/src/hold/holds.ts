/**
 * Which content may be read, of buckets that hold. Content without a decision is held, so that content that was never checked
 * stays unreadable when the decisions are lost.
 */
import type { HoldState } from '@rockpool/access'
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import type { Cursor } from '../events/cursor.ts'

export type HoldDecision = Exclude<HoldState, 'held'>

/** A file whose content waits. */
export interface HeldFile {
  readonly remoteKey: RemoteKey
  readonly storeId: StoreId
  readonly fileId: string
  readonly bucket: string
  /** when this server first saw it, unix ms: the wait begins here */
  readonly since: number
}

export interface Holds {
  stateOf(remoteKey: RemoteKey): Promise<HoldState>
  statesOf(remoteKeys: readonly RemoteKey[]): Promise<ReadonlyMap<RemoteKey, HoldState>>
  /** Counts until the next decision. @param at unix ms */
  decide(remoteKey: RemoteKey, state: HoldDecision, at: number): Promise<void>
  /** Decides a content that has no decision: one that was made since the caller looked is not overwritten. */
  decideHeld(remoteKey: RemoteKey, state: HoldDecision, at: number): Promise<void>
  /** The files that wait for a content. */
  filesOf(remoteKey: RemoteKey): Promise<readonly HeldFile[]>
  /** Begins the wait of a file, unless the file waits for this content already. */
  wait(file: HeldFile): Promise<void>
  endWait(file: HeldFile): Promise<void>
  /** Files of a bucket whose wait began before a time: the oldest first, those after `after`. */
  waitingSince(
    bucket: string,
    before: number,
    options: { readonly limit: number; readonly after?: HeldFile | undefined },
  ): Promise<readonly HeldFile[]>
  /** How far the events of a store were read for these buckets; undefined: not at all, or for fewer of them. */
  readUpTo(storeId: StoreId, buckets: readonly string[]): Promise<Cursor | undefined>
  setReadUpTo(storeId: StoreId, buckets: readonly string[], cursor: Cursor): Promise<void>
}
