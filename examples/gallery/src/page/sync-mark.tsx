import { useSyncStatus } from '@rockpool/react'
import { SYNC_LABELS } from './sync-text.ts'

const REASON_ID = 'sync-reason'

/** The state of sync; pressed, it shows the reason. The announcer reads changes out. */
export const SyncMark = () => {
  const { state, reason } = useSyncStatus()
  return (
    <>
      <button
        type="button"
        className="sync"
        data-testid="online"
        data-online={state === 'online'}
        data-state={state}
        popoverTarget={REASON_ID}
      >
        <span className="sync-dot" aria-hidden="true" />
        <span className="sync-word">{SYNC_LABELS[state]}</span>
      </button>
      <div id={REASON_ID} className="sync-reason" data-testid="sync-reason" popover="auto">
        <p>{reason.message}</p>
      </div>
    </>
  )
}
