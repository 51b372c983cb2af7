import { useOnline } from '@rockpool/react'

/** Whether this device has a network connection. */
export const OnlineMark = () => {
  const online = useOnline()
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
