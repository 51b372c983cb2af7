/** The WebSocket to the sync backend: calls that were never answered, pings, and the pause before a reconnect. */
import type { Fix } from './fix.ts'

export const CONNECTION_FIXES: readonly Fix[] = [
  // A ping timeout reconnects without failing the calls in flight on the dead socket: they are never sent again.
  // 'Read' takes the branch that fails them, and they are repeated.
  {
    file: '@livestore/utils/dist/effect/RpcClient.js',
    from: `reason: 'OpenTimeout',`,
    to: `reason: 'Read',`,
  },
  // A ping that waited for the socket to reopen is followed at once by the next tick of `fixed`: a false timeout.
  {
    file: '@livestore/sync-cf/dist/client/transport/ws-rpc-client.js',
    from: 'Schedule.fixed(pingInterval)',
    to: 'Schedule.spaced(pingInterval)',
  },
  // The back-off is never reset for the life of the tab: at most 2 s between attempts instead of 30 s.
  {
    file: '@livestore/sync-cf/dist/client/transport/ws-rpc-client.js',
    from: `Schedule.fixed('30 seconds')`,
    to: `Schedule.spaced('2 seconds')`,
  },
]
