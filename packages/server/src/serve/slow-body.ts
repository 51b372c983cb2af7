/** A request body has to arrive at a minimum speed: a slower one would occupy its connection without end (slow loris). */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '@rockpool/sync-server'

/** A part of 8 MiB at 10 kB/s takes 14 min. */
export const BODY_MS = 15 * 60_000
const BODY_BYTES = 8 * 1024 * 1024

/** RFC 9112, 6.3 */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * Cuts the connection of a body that has neither ended nor brought 8 MiB in any 15 min. A body of many parts may take as long as
 * it moves, which Node's `requestTimeout` does not allow.
 *
 * @returns ends the watch
 */
export const cutSlowBody = (incoming: IncomingMessage, clock: Clock): (() => void) => {
  const { socket } = incoming
  let cancel = () => {}
  const watch = (before: number) => {
    cancel = clock.setTimer(() => {
      if (incoming.complete) return
      if (socket.bytesRead - before < BODY_BYTES) socket.destroy()
      else watch(socket.bytesRead)
    }, BODY_MS)
  }
  watch(socket.bytesRead)
  return () => cancel()
}
