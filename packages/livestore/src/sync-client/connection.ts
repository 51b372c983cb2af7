/** State of the connection: the result of the last exchange, and `isConnected`, which LiveStore waits for. */
import { Effect, SubscriptionRef } from 'effect'
import type { CallFailure, CallRequest, Http } from './http.ts'
import type { Receiver } from './receiver.ts'
import { type Signal, waitUntil } from './signal.ts'
import type { Contact } from './status.ts'

export interface Connection {
  readonly isConnected: SubscriptionRef.SubscriptionRef<boolean>
  readonly contact: () => Contact
  /** whether this device ever reached the server, before a reload too */
  readonly hasResponded: () => boolean
  /** time since which every exchange succeeded; undefined after a failed one */
  readonly respondedSince: () => number | undefined
  readonly record: (contact: Contact) => Effect.Effect<void>
  /** Records the result of each call. */
  readonly observe: (http: Http) => Http
  readonly run: Effect.Effect<never>
}

export interface ConnectionOptions {
  readonly hasAnsweredBefore: boolean
  readonly receiver: Receiver
  readonly changed: Signal
  readonly now: () => number
  readonly onContact: () => void
}

/** The state of the connection after a failed call. A rejected push does not count as its failure. */
export const contactOf = (failure: CallFailure, method: CallRequest['method'], hasResponded: boolean): Contact => {
  const { message } = failure._tag === 'Rejected' ? failure.error : failure
  switch (failure._tag) {
    case 'NoAnswer':
    case 'Unexpected':
      return { type: 'failed', message, failures: 1 }
    case 'Unavailable':
      // A development server sends the reason why its embedded sync server did not start.
      if (failure.error?.code === 'server_failed_to_start')
        return { type: 'failed_to_start', message: failure.error.message }
      return failure.status === 429 ? { type: 'responded' } : { type: 'failed', message, failures: 1 }
    case 'Rejected':
      return failure.status === 403 && method === 'GET' ? { type: 'forbidden', message } : { type: 'responded' }
    case 'TokenFailure':
      if (failure.reason === 'rejected') return { type: 'unauthenticated', message }
      // A fetch inside the token function fails with TypeError when the network does.
      return failure.cause instanceof TypeError && hasResponded
        ? { type: 'failed', message, failures: 1 }
        : { type: 'token_failed', message }
  }
}

export const makeConnection = (options: ConnectionOptions): Effect.Effect<Connection> =>
  Effect.gen(function* () {
    const { receiver, changed, now } = options
    const isConnected = yield* SubscriptionRef.make(false)
    let contact: Contact = { type: 'none' }
    let hasResponded = options.hasAnsweredBefore
    let respondedSince: number | undefined
    let wasConnected = false

    /** Sets changes only: a repeated value reaches subscribers too, and LiveStore would end its pauses. */
    const setConnected = (connected: boolean) =>
      Effect.suspend(() => {
        if (connected === wasConnected) return Effect.void
        wasConnected = connected
        return SubscriptionRef.set(isConnected, connected)
      })

    // A device without a good token is not connected: pushes would fail, and LiveStore resumes once it is.
    const isUp = () => contact.type === 'responded'
    const isReachable = () => isUp() || contact.type === 'unauthenticated' || contact.type === 'forbidden'

    const record = (next: Contact): Effect.Effect<void> =>
      Effect.suspend(() => {
        const failures = next.type === 'failed' && contact.type === 'failed' ? contact.failures + 1 : 1
        contact = next.type === 'failed' ? { ...next, failures } : next
        if (isReachable()) hasResponded = true
        respondedSince = isUp() ? (respondedSince ?? now()) : undefined
        options.onContact()
        changed.notify()
        // Before any emission: LiveStore takes one only while connected.
        return isUp() ? setConnected(true) : Effect.void
      })

    return {
      isConnected,
      contact: () => contact,
      hasResponded: () => hasResponded,
      respondedSince: () => respondedSince,
      record,
      observe: (http) => ({
        call: (request) =>
          http.call(request).pipe(
            Effect.tap(() => record({ type: 'responded' })),
            Effect.tapError((failure) => record(contactOf(failure, request.method, hasResponded))),
          ),
      }),
      // LiveStore's leader holds a mutex between pages, and waits for the connection while it does. So it gets the emitted
      // events before it learns of an outage; otherwise the device could not commit until the network is back.
      run: Effect.gen(function* () {
        yield* waitUntil(changed, () => !isUp() && contact.type !== 'none' && receiver.view().isDrained)
        yield* setConnected(false)
        yield* waitUntil(changed, isUp)
      }).pipe(Effect.forever),
    }
  })
