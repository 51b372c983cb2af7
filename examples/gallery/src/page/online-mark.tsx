import { useOnline } from '@rockpool/react'
import { useSyncExternalStore } from 'react'
import type { Connection } from '../boot/connection.ts'
import { useRefusal } from './refusal-note.tsx'

/** Whether changes travel between devices now. */
export const OnlineMark = ({ connection }: { readonly connection: Connection }) => {
  const connected = useSyncExternalStore(connection.subscribe, connection.isConnected)
  const online = useOnline() && connected
  const refused = useRefusal(connection) !== undefined
  return (
    <div className="online" data-testid="online" data-online={online} role="status" title={titleOf(online, refused)}>
      <span className="online-dot" />
      <span className="online-word">{online ? 'Online' : 'Offline'}</span>
    </div>
  )
}

const titleOf = (online: boolean, refused: boolean): string => {
  if (!online) return 'Everything you add stays here and is sent later'
  return refused ? "Others' changes arrive, yours are not accepted" : 'Changes reach your other devices at once'
}
