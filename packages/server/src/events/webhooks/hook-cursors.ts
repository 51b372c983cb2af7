/** How far each webhook is in each store. Survives a restart. Every adapter passes `hookCursorsSuite`. */
import type { StoreId } from '@rockpool/protocol'
import type { Cursor } from '../cursor.ts'

export interface HookCursors {
  /** What a webhook was started with; undefined for a new one. */
  startOf(url: string): Promise<HookStart | undefined>
  /** Starts a webhook at these places; in all other stores it starts before the first event. */
  start(url: string, start: HookStart, places: ReadonlyMap<StoreId, Cursor>): Promise<void>
  /** Keeps the places. */
  setStart(url: string, start: HookStart): Promise<void>
  /** Forgets webhooks that are not configured any more. */
  keepOnly(urls: readonly string[]): Promise<void>
  /** undefined: nothing was delivered yet */
  read(url: string, storeId: StoreId): Promise<Cursor | undefined>
  write(url: string, storeId: StoreId, cursor: Cursor): Promise<void>
}

export interface HookStart {
  /** the buckets whose files wait for this webhook */
  readonly holding: readonly string[]
}
