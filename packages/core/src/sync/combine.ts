/** Combines the status of device, log and signer client into one. Pure. */
import type { ErrorCode } from '@rockpool/protocol'
import { type SyncReasonCode, type SyncState, type SyncStatus, syncStatus } from './sync-status.ts'

export interface SyncInputs {
  /** `navigator.onLine`: false is certain, true is a guess */
  readonly hasNetwork: boolean
  readonly log: SyncStatus
  /** status of the refused changes; undefined while there are none */
  readonly refused: SyncStatus | undefined
  readonly signer: SyncStatus
  /** object storage lacks much of the stored content */
  readonly isStorageSuspect: boolean
  /** transfers are pending; without any, nothing probes whether the signer is back */
  readonly transfersWait: boolean
}

/** The worst state wins; among equals the log's, then that of refused changes. */
export const syncStatusOf = (inputs: SyncInputs): SyncStatus => {
  const { hasNetwork, log, refused, signer, isStorageSuspect, transfersWait } = inputs
  const pushed = refused ? worse(log, refused) : log
  const events = isStorageSuspect ? worse(pushed, STORAGE_SUSPECT) : pushed
  const shown = signer.state === 'offline' && !transfersWait ? events : worse(events, signer)
  return !hasNetwork && EXPLAINED_BY_NO_NETWORK.has(shown.reason.code) ? NO_NETWORK : shown
}

const SEVERITY: Readonly<Record<SyncState, number>> = { online: 0, offline: 1, refused: 2, stuck: 3 }

const worse = (first: SyncStatus, second: SyncStatus): SyncStatus =>
  SEVERITY[second.state] > SEVERITY[first.state] ? second : first

/** Reasons that are only symptoms when there is no network. */
const EXPLAINED_BY_NO_NETWORK: ReadonlySet<SyncReasonCode> = new Set<SyncReasonCode>([
  'connected',
  'connecting',
  'no_network',
  'no_answer',
  'token_failed',
  'cors',
  'not_converging',
])

const STORAGE_SUSPECT = syncStatus(
  'storage_suspect',
  'Many files that were stored are missing in object storage. Its administrator must check which S3 bucket or folder the signer uses.',
)

const NO_NETWORK = syncStatus(
  'no_network',
  'This device has no network. Your changes are kept here and sync when it is back.',
)

/** The error code of the pool's `error` event for a status that a person must act on. */
export const SYNC_ERROR_CODES = {
  unauthenticated: 'unauthenticated',
  forbidden: 'forbidden',
  push_refused: 'forbidden',
  token_failed: 'unauthenticated',
  cors: 'storage_unavailable',
  wrong_server: 'storage_unavailable',
  plugin_missing: 'unsupported',
  server_failed_to_start: 'storage_unavailable',
  foreign_backend: 'conflict',
  forked: 'conflict',
  server_behind: 'conflict',
  store_stopped: 'closed',
  not_converging: 'storage_unavailable',
  storage_suspect: 'storage_suspect',
} as const satisfies Readonly<Record<Extract<SyncStatus, { state: 'refused' | 'stuck' }>['reason']['code'], ErrorCode>>
