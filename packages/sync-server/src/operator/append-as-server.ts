/** Events in the operator's name: no user pushed them, and no gate judges them. */
import type { PoolEvent } from '@rockpool/core/records'
import type { EventLog } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import type { LiveUpdate } from '../live/message.ts'

const CLIENT_ID = 'server'

/** An event without its operation, which is new with each append. */
export type ServerEvent = Pick<PoolEvent, 'name' | 'args'>

/**
 * Appends events behind what the log has, confirmed when it resolves.
 *
 * @param at the server's time in ms
 * @returns what the devices of the store should hear
 * @throws EventLogError
 */
export const appendAsServer = async (
  log: EventLog,
  events: readonly ServerEvent[],
  at: number,
): Promise<LiveUpdate> => {
  const { backendId } = log
  for (;;) {
    const parent = await log.head()
    if (events.length === 0) return { backendId, since: parent, head: parent, events: [] }
    const pushed = events.map((event, index) => toLogEvent(event, parent + 1 + index))
    const result = await log.append(parent, pushed, { sub: undefined, at })
    // A device has pushed since the head was read: nothing was stored.
    if (result.kind !== 'appended') continue
    return { backendId, since: result.before, head: result.head, events: result.added }
  }
}

/** The session id has the form of a commit that is unique, as in `serverIds`. */
const toLogEvent = ({ name, args }: ServerEvent, seqNum: number): LogEvent => ({
  name,
  argsJson: JSON.stringify({ opId: crypto.randomUUID(), ...args }),
  seqNum,
  clientId: CLIENT_ID,
  sessionId: `server#${crypto.randomUUID().replaceAll('-', '')}.0`,
})
