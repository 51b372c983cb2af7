/** `v2.ContentLost` in the operator's name: garbage collection reports contents that a device named while they went. */
import type { RemoteKey } from '@rockpool/protocol'
import type { EventLog } from '../event-log/event-log.ts'
import type { LiveUpdate } from '../live/message.ts'
import { appendAsServer } from './append-as-server.ts'

/** One event per key, by {@link appendAsServer}. @throws EventLogError */
export const appendLost = (log: EventLog, keys: readonly RemoteKey[], at: number): Promise<LiveUpdate> =>
  appendAsServer(
    log,
    keys.map((remoteKey) => ({ name: 'v2.ContentLost', args: { remoteKey } })),
    at,
  )
