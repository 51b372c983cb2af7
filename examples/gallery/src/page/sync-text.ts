import type { Pool } from 'rockpool'

type SyncStatus = Pool['sync']['current']

/** The state of sync in one or two words. */
export const SYNC_LABELS: Record<SyncStatus['state'], string> = {
  online: 'Online',
  offline: 'Offline',
  refused: 'Not accepted',
  stuck: 'Sync stopped',
}

/** Whether a person has to do something, so that the page says it without being asked. */
export const needsAttention = ({ state }: SyncStatus): boolean => state === 'refused' || state === 'stuck'

/** The whole of it, for a screen reader. Back to `online` has no reason that is worth hearing. */
export const announceSync = ({ state, reason }: SyncStatus): string =>
  state === 'online' ? SYNC_LABELS.online : `${SYNC_LABELS[state]}. ${reason.message}`
