import { usePool } from '@rockpool/react'
import { watchAppUpdate } from '@rockpool/livestore'
import { RefreshCw } from 'lucide-react'
import { useEffect, useState } from 'react'

/** Shown while a tab with another release of the gallery waits for this one. */
export const UpdateNote = () => {
  const { storeId } = usePool()
  const [blocking, setBlocking] = useState(false)
  useEffect(() => watchAppUpdate(storeId, (update) => setBlocking(update === 'blocking')), [storeId])
  if (!blocking) return null
  return (
    <div className="sync-note" role="status" data-testid="update-note">
      <RefreshCw size={20} aria-hidden="true" />
      <p>
        <strong>The gallery was updated</strong>
        <span>Another tab waits for this one. Reload this page.</span>
        <span className="sync-note-kept">Everything you added is kept.</span>
      </p>
      <button type="button" className="button button-small" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  )
}
