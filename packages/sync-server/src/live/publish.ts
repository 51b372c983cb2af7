/** Sends one message to the subscribers of a store. No subscriber can keep it from the others. */

/** A WebSocket or a stream, as far as publishing needs it. */
export interface Subscriber {
  send(message: string): void
  /** bytes that wait to be sent; 0 where the platform does not say */
  readonly bufferedAmount: number
  close(code: number, reason: string): void
  /** when the token ends, in ms since 1970 */
  readonly expiresAt: number
}

/** Close codes: what the client does next. */
export const CLOSE = {
  goingAway: 1001,
  tryAgainLater: 1013,
  /** get a new token, then connect again */
  unauthenticated: 4401,
  /** the token does not give the right to read */
  forbidden: 4403,
  /** pull by HTTP, then connect again */
  slow: 4408,
} as const

/** Bytes that wait for one reader. */
export const MAX_BUFFERED_BYTES = 1024 * 1024

/** @returns the subscribers that are closed now: forget them */
export const publish = <S extends Subscriber>(subscribers: Iterable<S>, message: string, now: number): readonly S[] =>
  [...subscribers].filter((subscriber) => !deliver(subscriber, message, now))

const deliver = (subscriber: Subscriber, message: string, now: number): boolean => {
  try {
    if (subscriber.expiresAt <= now) return close(subscriber, CLOSE.unauthenticated, 'The token has expired.')
    if (subscriber.bufferedAmount > MAX_BUFFERED_BYTES) {
      return close(subscriber, CLOSE.slow, 'The reader is too slow. Pull by HTTP.')
    }
    subscriber.send(message)
    return true
  } catch {
    return close(subscriber, CLOSE.goingAway, 'Sending failed. Connect again.')
  }
}

const close = (subscriber: Subscriber, code: number, reason: string): false => {
  try {
    subscriber.close(code, reason)
  } catch {
    // It is closed already.
  }
  return false
}
