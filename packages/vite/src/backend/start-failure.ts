/** A part of the backend that did not start says so in the page, where an app's developer looks first. */
import type { ServerResponse } from 'node:http'
import { homedir } from 'node:os'
import type { Duplex } from 'node:stream'

export type Part = 'sync server' | 'signer'

/** The body of every response of a part that did not start. */
export interface StartFailure {
  readonly error: { readonly code: 'server_failed_to_start'; readonly message: string }
}

/** @param hidden folders whose paths must not reach a page */
export const startFailure = (part: Part, cause: unknown, hidden: readonly string[]): StartFailure => ({
  error: {
    code: 'server_failed_to_start',
    message: `The ${part} of this development server did not start: ${publicReason(cause, hidden)} Fix the cause and restart the development server; its terminal has the details.`,
  },
})

/** What went wrong, without paths and without anything that could be a secret. */
export const publicReason = (cause: unknown, hidden: readonly string[]): string => {
  let reason = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!.trim()
  // The longest first: a parent's name would leave the rest of a folder below it.
  for (const folder of [...hidden, homedir(), process.cwd()].toSorted((a, b) => b.length - a.length)) {
    if (folder.length > 1) reason = reason.replaceAll(folder, HIDDEN)
  }
  for (const pattern of [QUOTED_PATH, PATH, LONG_TOKEN, /…+/g]) reason = reason.replace(pattern, HIDDEN)
  reason = reason.slice(0, MAX_REASON_LENGTH)
  return /[.!?]$/.test(reason) ? reason : `${reason || 'the reason is not known'}.`
}

const MAX_REASON_LENGTH = 300
const HIDDEN = '…'
/** Node quotes paths in its errors; one with spaces ends at the quote. */
const QUOTED_PATH = /(['"`])(?:file:|[A-Za-z]:[\\/]|[\\/….]).*?\1/g
const PATH = /(?<![\w.@])(?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^\s'"`,;()<>]+/g
/** A key, a token or a digest, in hex, base64 or base64url. */
const LONG_TOKEN = /[\w+/=-]{32,}/g

export const respondFailure = (response: ServerResponse, failure: StartFailure): void => {
  response.statusCode = 503
  response.setHeader('content-type', 'application/json')
  response.setHeader('cache-control', 'no-store')
  response.end(JSON.stringify(failure))
}

/** The same in place of an upgrade to a WebSocket. */
export const refuseUpgrade = (socket: Duplex, failure: StartFailure): void => {
  const body = JSON.stringify(failure)
  socket.end(
    [
      'HTTP/1.1 503 Service Unavailable',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
