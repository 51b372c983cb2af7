import { useRefusedChanges } from '@rockpool/react'
import { CloudAlert } from 'lucide-react'
import { useState } from 'react'
import { RefusedItem } from './refused-item.tsx'
import { groupByMessage, hasBytes, type RefusedGroup } from './refused-text.ts'
import { DiscardButton } from './discard-button.tsx'
import { useRefusedActions } from './use-refused-actions.ts'

/** Changes of a group that are shown before a person asks for all. */
const FEW = 3

/** What the sync server did not accept, by reason. Nothing is shown while it accepts everything. */
export const RefusedList = () => {
  const changes = useRefusedChanges()
  if (changes.length === 0) return null
  return (
    <section className="refused" aria-labelledby="refused-title" data-testid="refused">
      <header className="refused-head">
        <CloudAlert size={20} aria-hidden="true" />
        <div>
          <h2 id="refused-title">
            {changes.length === 1 ? '1 change was not accepted' : `${changes.length} changes were not accepted`}
          </h2>
          <p className="quiet">They wait on this device, and on no other. Everything else syncs.</p>
        </div>
      </header>
      {groupByMessage(changes).map((group) => (
        <Group key={group.message} group={group} />
      ))}
    </section>
  )
}

const Group = ({ group: { message, changes } }: { readonly group: RefusedGroup }) => {
  const [isWhole, setWhole] = useState(false)
  const { retry, discard } = useRefusedActions()
  const shown = isWhole ? changes : changes.slice(0, FEW)
  return (
    <div className="refused-group">
      <p className="refused-reason">{message}</p>
      <ul>
        {shown.map((change) => (
          <RefusedItem key={change.id} change={change} />
        ))}
      </ul>
      {changes.length > 1 && (
        <div className="refused-all">
          {shown.length < changes.length && (
            <button type="button" className="button button-small" onClick={() => setWhole(true)}>
              Show all {changes.length.toLocaleString()}
            </button>
          )}
          <button type="button" className="button button-small" onClick={() => retry(changes)}>
            Try all again
          </button>
          <DiscardButton
            label="Discard all"
            question={changes.some((change) => hasBytes(change)) ? 'Discard for good' : undefined}
            onDiscard={() => discard(changes)}
          />
        </div>
      )}
    </div>
  )
}
