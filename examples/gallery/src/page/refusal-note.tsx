import { CloudOff } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import type { Connection } from '../boot/connection.ts'

/** What a person is told while the backend takes none of their changes; undefined while it does. */
export const useRefusal = (connection: Connection): string | undefined => {
  const reason = useSyncExternalStore(connection.subscribe, connection.refusal)
  return reason && `Your changes are not accepted: ${reason} They stay on this device.`
}

/** Shown for as long as it lasts. The announcer reads it out. */
export const RefusalNote = ({ connection }: { readonly connection: Connection }) => {
  const text = useRefusal(connection)
  return (
    text && (
      <div className="refusal" data-testid="refusal">
        <CloudOff size={18} aria-hidden="true" />
        <p>{text}</p>
      </div>
    )
  )
}
