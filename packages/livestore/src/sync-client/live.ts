/** Keeps one socket open while LiveStore pulls and is up to date. */
import { Duration, Effect, Either } from 'effect'
import type { Connection } from './connection.ts'
import type { Pauses } from './pause.ts'
import type { Receiver } from './receiver.ts'
import { makeSignal, type Signal, waitUntil } from './signal.ts'
import { fitsSubprotocol, runSocket, type SocketEnd } from './socket.ts'
import type { Tokens } from './tokens.ts'

/** A socket that was open for this time was a success: the next one is opened without a pause. */
const LASTING_MS = 5_000
/** Shortest time between attempts while the app returns the same token. */
const MIN_RENEWAL_MS = 5_000

const TOKEN_EXPIRED = 4401
const NO_RIGHT = 4403

export interface LiveOptions {
  /** `<url>/<storeId>` */
  readonly url: string
  readonly WebSocket: typeof WebSocket
  readonly tokens: Tokens
  readonly receiver: Receiver
  readonly connection: Connection
  readonly changed: Signal
  readonly wakeUp: Signal
  readonly pauses: Pauses
  readonly now: () => number
  /** requests missing events by HTTP */
  readonly requestPull: () => void
}

export interface Live {
  /** time since which no socket is open; undefined while one is */
  readonly noSocketSince: () => number | undefined
  /** Closes the socket; dials again after this time. */
  readonly redial: (afterMs: number) => void
  readonly run: Effect.Effect<never>
}

type End = SocketEnd | { readonly type: 'renewal' | 'redial' }

export const makeLive = (options: LiveOptions): Live => {
  const { tokens, receiver, changed, pauses, now } = options
  const redialed = makeSignal()
  let noSocketSince: number | undefined = now()
  let dialNoSoonerThan = -Infinity

  const runOne = (token: string, onOpen: () => void): Effect.Effect<End> => {
    const { funnel } = receiver.view()
    const socket = runSocket({
      url: options.url,
      token,
      since: funnel?.emitted ?? 0,
      WebSocket: options.WebSocket,
      knownHead: () => receiver.view().knownHead,
      probe: options.wakeUp,
      onOpen: () => {
        onOpen()
        noSocketSince = undefined
        changed.notify()
      },
      onMessage: (message, asOf) => receiver.receive({ since: message.head, events: [], ...message, asOf }),
    })
    const renewal = Effect.sleep(Duration.millis(Math.max(tokens.renewalDelayMs(), MIN_RENEWAL_MS)))
    return Effect.raceAll<Effect.Effect<End>>([
      socket,
      Effect.as(renewal, { type: 'renewal' }),
      Effect.as(redialed.wait, { type: 'redial' }),
    ]).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          noSocketSince ??= now()
          changed.notify()
        }),
      ),
    )
  }

  const once = Effect.gen(function* () {
    yield* waitUntil(changed, () => {
      const { isRunning, funnel } = receiver.view()
      return isRunning && funnel?.name === 'current'
    })
    if (now() < dialNoSoonerThan) {
      return yield* Effect.raceFirst(Effect.sleep(Duration.millis(dialNoSoonerThan - now())), redialed.wait)
    }
    const token = yield* Effect.either(tokens.get)
    if (Either.isLeft(token)) return yield* pauses.next
    // Without a socket, polling brings the events.
    if (!fitsSubprotocol(token.right)) return yield* pauses.longest
    const dialedAt = now()
    let wasOpen = false
    const end = yield* runOne(token.right, () => {
      wasOpen = true
    })
    const lasted = wasOpen && now() - dialedAt >= LASTING_MS
    if (lasted) pauses.reset()
    if (end.type === 'renewal' || end.type === 'redial') return
    // Events of its last moments may be lost. Without an open socket, polling brings them.
    if (wasOpen) options.requestPull()
    if (end.type === 'closed' && end.code === TOKEN_EXPIRED) {
      tokens.rejected(token.right, 'The sync server no longer accepts the token.')
      if (lasted) return
    }
    if (end.type === 'closed' && end.code === NO_RIGHT) {
      tokens.lacksRight(token.right)
      yield* options.connection.record({
        type: 'forbidden',
        message: end.reason || 'The token does not give the right to read this store.',
      })
      return yield* pauses.longest
    }
    yield* pauses.next
  })

  return {
    noSocketSince: () => noSocketSince,
    redial: (afterMs) => {
      dialNoSoonerThan = now() + afterMs
      redialed.notify()
    },
    run: Effect.forever(once),
  }
}
