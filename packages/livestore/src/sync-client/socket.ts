/**
 * One socket from its opening to its end. Only an optimization: events that it loses are pulled.
 *
 * A socket can be dead without a close event (a device that slept, a NAT that forgot): silence after a ping ends it.
 */
import { toBase64Url } from '@rockpool/protocol'
import { Deferred, Duration, Effect } from 'effect'
import { makeSignal, type Signal, waitUntil } from './signal.ts'
import { decodeLiveMessage, type EventPage, type LogHead } from './wire.ts'

const PING_INTERVAL_MS = 25_000
const PONG_TIMEOUT_MS = 10_000
/**
 * Firefox delays a socket by up to 60 s after failed ones, and counts one that is closed before that as failed too. Polling
 * brings events until then.
 */
const DIAL_TIMEOUT_MS = 70_000

/** The token is sent as a subprotocol, and servers limit the size of headers. */
const MAX_TOKEN_BYTES = 4_096

export type SocketEnd =
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }
  | { readonly type: 'silent' }
  | { readonly type: 'malformed' }
  | { readonly type: 'not_opened' }

export interface SocketOptions {
  /** `<url>/<storeId>`, http or https */
  readonly url: string
  readonly token: string
  readonly since: number
  readonly WebSocket: typeof WebSocket
  readonly onOpen: () => void
  /** @param asOf the head known when the request for this message was sent, 0 for a broadcast */
  readonly onMessage: (message: EventPage | LogHead, asOf: number) => void
  readonly knownHead: () => number
  /** asks for a ping now */
  readonly probe: Signal
}

export const fitsSubprotocol = (token: string): boolean => new TextEncoder().encode(token).length <= MAX_TOKEN_BYTES

export const subprotocols = (token: string): string[] => [
  'rockpool.v1',
  `rockpool.bearer.${toBase64Url(new TextEncoder().encode(token))}`,
]

/** Succeeds with the reason when the socket has ended. Interrupting it closes the socket. */
export const runSocket = (options: SocketOptions): Effect.Effect<SocketEnd> =>
  Effect.gen(function* () {
    const { WebSocket, onOpen, onMessage, knownHead, probe } = options
    const end = yield* Deferred.make<SocketEnd>()
    const finish = (reason: SocketEnd) => Deferred.unsafeDone(end, Effect.succeed(reason))
    const requestedAsOf = knownHead()
    const responded = makeSignal()
    let pingedAsOf = 0
    let messages = 0
    let responses = 0

    const socket = yield* Effect.acquireRelease(
      Effect.try(
        () =>
          new WebSocket(
            `${options.url.replace(/^http/, 'ws')}/live?since=${options.since}`,
            subprotocols(options.token),
          ),
      ),
      (socket) =>
        Effect.sync(() => {
          socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
          // Node reports the failure of a socket that is closed while it connects as an error event.
          socket.addEventListener('error', () => {})
          socket.close(1000)
        }),
    )
    socket.onclose = ({ code, reason }) => finish({ type: 'closed', code, reason })
    // A close event follows.
    socket.onerror = () => {}
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = decodeLiveMessage(data)
      if (message === undefined) {
        finish({ type: 'malformed' })
        return
      }
      const asOf = (() => {
        if (messages === 0) return requestedAsOf
        return 'events' in message ? 0 : pingedAsOf
      })()
      messages++
      // A socket is open once a message has come: some proxies accept an upgrade and forward nothing.
      if (messages === 1) onOpen()
      onMessage(message, asOf)
      if ('events' in message) return
      responses++
      responded.notify()
    }

    const dialing = Effect.sleep(Duration.millis(DIAL_TIMEOUT_MS)).pipe(
      Effect.map(() => messages === 0 && finish({ type: 'not_opened' })),
    )
    const pinging = Effect.gen(function* () {
      yield* Effect.raceFirst(Effect.sleep(Duration.millis(PING_INTERVAL_MS)), probe.wait)
      if (messages === 0 || socket.readyState !== socket.OPEN) return
      const before = { messages, responses }
      pingedAsOf = knownHead()
      socket.send('ping')
      // One ping at a time: a late response to the former one would be taken for a log that is shorter than it was.
      yield* Effect.timeoutOption(
        waitUntil(responded, () => responses > before.responses),
        Duration.millis(PONG_TIMEOUT_MS),
      )
      if (messages === before.messages) finish({ type: 'silent' })
    }).pipe(Effect.forever)

    return yield* Effect.raceFirst(Deferred.await(end), Effect.zipRight(dialing, pinging, { concurrent: true }))
  }).pipe(
    Effect.scoped,
    // An invalid URL: the HTTP calls report it.
    Effect.catchAll(() => Effect.succeed<SocketEnd>({ type: 'not_opened' })),
  )
