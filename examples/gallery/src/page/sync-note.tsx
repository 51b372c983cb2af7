import { useSyncStatus } from '@rockpool/react'
import { CloudAlert, TriangleAlert } from 'lucide-react'
import { needsAttention, SYNC_LABELS } from './sync-text.ts'

/** Shown while sync waits for a person. The announcer reads it out. */
export const SyncNote = () => {
  const status = useSyncStatus()
  if (!needsAttention(status)) return null
  const Icon = status.state === 'refused' ? CloudAlert : TriangleAlert
  return (
    <div className="sync-note" data-testid="sync-note" data-state={status.state}>
      <Icon size={20} aria-hidden="true" />
      <p>
        <strong>{SYNC_LABELS[status.state]}</strong>
        <span>{status.reason.message}</span>
        <span className="sync-note-kept">Everything you add stays on this device.</span>
      </p>
    </div>
  )
}
