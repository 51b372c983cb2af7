/** Who shares a queue: see {@link FairQueue}. Pure. */
import type { IncomingMessage } from 'node:http'
import { isLive, type Route } from './route.ts'

/** Bytes of files, which may travel for hours: they must not keep the caller's other calls waiting. */
const BYTES = /^\/(?:signer\/(?:objects|gateway)|storage\/v1\/object)\//

/**
 * The token counts as it is sent: verifying it is part of the work. A user with many tokens has many queues, and one rate limit.
 *
 * @returns undefined for what does not queue: without a token, streams without an end, metrics, and the files of an app
 */
export const queueOf = (
  part: Route['part'],
  { url = '/', headers: { authorization } }: Pick<IncomingMessage, 'url' | 'headers'>,
): string | undefined => {
  if (authorization === undefined || isLive(url)) return undefined
  if (part !== 'signer' && part !== 'sync' && part !== 'rest') return undefined
  return `${BYTES.test(url) ? 'bytes' : 'calls'} ${authorization}`
}
