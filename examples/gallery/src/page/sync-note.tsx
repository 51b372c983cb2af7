import { useRefusedChanges, useSyncStatus } from '@rockpool/react'
import { CloudAlert, TriangleAlert } from 'lucide-react'
import { needsAttention, SYNC_LABELS } from './sync-text.ts'

/** Shown while sync waits for a person. The announcer reads it out. */
export const SyncNote = () => {
  const status = useSyncStatus()
  const refused = useRefusedChanges()
  // The list of refused changes says it, with what to do.
  const isListed = refused.length > 0 && status.reason.code === 'push_refused'
  if (!needsAttention(status) || isListed) return null
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
