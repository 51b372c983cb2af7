/** Whether this device exchanges events with the sync server, and why not. Plain data for the UI. */

/**
 * - `online`: nothing is known to be wrong
 * - `offline`: the network or the server is away; sync resumes by itself
 * - `refused`: the server rejects this user or an event; a person must act
 * - `stuck`: sync does not work and does not recover by itself; a person or the developer must act
 */
export type SyncState = 'online' | 'offline' | 'refused' | 'stuck'

/** Every reason, with the state it means: a reason never occurs in another state. */
export const SYNC_REASONS = {
  /** the server responded to the last request */
  connected: 'online',
  /** no response yet since the store was opened */
  connecting: 'online',

  /** the device has no network */
  no_network: 'offline',
  /** the server does not respond now */
  no_answer: 'offline',

  /** the server does not accept the token */
  unauthenticated: 'refused',
  /** the token does not give the right to this store */
  forbidden: 'refused',
  /** the server refused an event of this device */
  push_refused: 'refused',

  /** the app's token function threw, or did not return in time, although the device is online */
  token_failed: 'stuck',
  /** the server never responded although the device is online: it is down, or CORS does not allow this origin */
  cors: 'stuck',
  /** the server at the URL is not a Rockpool server: a wrong URL, or a proxy on the way */
  wrong_server: 'stuck',
  /** the build lacks Rockpool's plugin, so LiveStore runs without its fixes */
  plugin_missing: 'stuck',
  /** the embedded development server did not start */
  server_failed_to_start: 'stuck',
  /** the server has another log under this storeId */
  foreign_backend: 'stuck',
  /** this device and the server have different events under the same numbers */
  forked: 'stuck',
  /** the server lacks events that this device has from it: it was restored from an older backup */
  server_behind: 'stuck',
  /** the local store shut down, after a failed materializer for example */
  store_stopped: 'stuck',
  /** the server responds, and events still do not arrive */
  not_converging: 'stuck',
  /** the signer finds little of what was stored: it probably points at another S3 bucket */
  storage_suspect: 'stuck',
} as const satisfies Readonly<Record<string, SyncState>>

export type SyncReasonCode = keyof typeof SYNC_REASONS

export interface SyncReason<Code extends SyncReasonCode = SyncReasonCode> {
  readonly code: Code
  /** a sentence for people: what happened, then what to do */
  readonly message: string
}

type CodeOf<State extends SyncState> = {
  [Code in SyncReasonCode]: (typeof SYNC_REASONS)[Code] extends State ? Code : never
}[SyncReasonCode]

export type SyncStatus = {
  [State in SyncState]: { readonly state: State; readonly reason: SyncReason<CodeOf<State>> }
}[SyncState]

/** A status that changes over time. */
export interface SyncStatusSource {
  /** The same object while nothing changed. */
  readonly current: SyncStatus
  /** Calls `listener` after each change. @returns unsubscribe */
  subscribe(listener: (status: SyncStatus) => void): () => void
}

/** The status that a reason means. */
export const syncStatus = (code: SyncReasonCode, message: string): SyncStatus =>
  ({ state: SYNC_REASONS[code], reason: { code, message } }) as SyncStatus

export const CONNECTED: SyncStatus = syncStatus('connected', 'This device is connected to the sync server.')

export const CONNECTING: SyncStatus = syncStatus('connecting', 'Connecting to the sync server.')

export const sameSyncStatus = (a: SyncStatus, b: SyncStatus): boolean =>
  a.reason.code === b.reason.code && a.reason.message === b.reason.message
