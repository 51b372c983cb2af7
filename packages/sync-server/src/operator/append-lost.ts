/** `v2.ContentLost` in the operator's name: garbage collection reports contents that a device named while they went. */
import type { RemoteKey } from '@rockpool/protocol'
import type { EventLog } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import type { LiveUpdate } from '../live/message.ts'

const CLIENT_ID = 'server'

/**
 * Appends one event per key, confirmed when it resolves.
 *
 * @param at the server's time in ms
 * @returns what the devices of the store should hear
 * @throws EventLogError
 */
export const appendLost = async (log: EventLog, keys: readonly RemoteKey[], at: number): Promise<LiveUpdate> => {
  const { backendId } = log
  for (;;) {
    const parent = await log.head()
    if (keys.length === 0) return { backendId, since: parent, head: parent, events: [] }
    const events = keys.map((key, index) => toLogEvent(key, parent + 1 + index))
    const result = await log.append(parent, events, { sub: undefined, at })
    // A device has pushed since the head was read: nothing was stored.
    if (result.kind !== 'appended') continue
    return { backendId, since: result.before, head: result.head, events: result.added }
  }
}

/** The session id has the form of a commit that is unique, as in `serverIds`. */
const toLogEvent = (remoteKey: RemoteKey, seqNum: number): LogEvent => ({
  name: 'v2.ContentLost',
  argsJson: JSON.stringify({ opId: crypto.randomUUID(), remoteKey }),
  seqNum,
  clientId: CLIENT_ID,
  sessionId: `lost#${crypto.randomUUID().replaceAll('-', '')}.0`,
})
