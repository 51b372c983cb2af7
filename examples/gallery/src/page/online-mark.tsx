import { useOnline } from '@rockpool/react'
import { useSyncExternalStore } from 'react'
import type { Connection } from '../boot/connection.ts'

/** Whether changes reach other devices now. */
export const OnlineMark = ({ connection }: { readonly connection: Connection }) => {
  const connected = useSyncExternalStore(connection.subscribe, connection.isConnected)
  const online = useOnline() && connected
  return (
    <div
      className="online"
      data-testid="online"
      data-online={online}
      role="status"
      title={online ? 'Changes reach your other devices at once' : 'Everything you add stays here and is sent later'}
    >
      <span className="online-dot" />
      <span className="online-word">{online ? 'Online' : 'Offline'}</span>
    </div>
  )
}
