/** How followers learn that the leader works: they ask on a channel, and it responds when its disk does. */
import type { ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Clock, Duration, Effect, type Scope } from 'effect'
import type { PlatformChannel } from '../../platform/platform.ts'
import { ASK_EVERY_MS, LATE_MS } from './leadership.ts'
import { BlobPort, call, IndexPort, Platform, Settings } from '../services.ts'

/**
 * Asked and answered in messages, not in timers: a browser lets a hidden page's timers run once a minute, and its messages
 * at once. Where nobody watches, nothing is sent.
 */
type HeartbeatMessage = 'ask' | 'alive'

export interface HeartbeatListeners {
  readonly onAsk: () => void
  readonly onAlive: () => void
}

export interface Heartbeat {
  /** Asks the leader for a sign of life. */
  readonly ask: () => void
  /** Tells the followers that this tab leads and works. */
  readonly alive: () => void
}

export const openHeartbeat = (
  listeners: HeartbeatListeners,
): Effect.Effect<Heartbeat, never, Scope.Scope | Platform | Settings> =>
  Effect.gen(function* () {
    const { openChannel } = yield* Platform
    const { scope } = yield* Settings
    const channel: PlatformChannel = yield* Effect.acquireRelease(
      Effect.sync(() => openChannel(`rockpool:${scope}:leader`)),
      (open) => Effect.sync(() => open.close()),
    )
    const send = (message: HeartbeatMessage) => () => channel.postMessage(message)
    channel.onmessage = ({ data }: MessageEvent<HeartbeatMessage>) =>
      data === 'ask' ? listeners.onAsk() : listeners.onAlive()
    return { ask: send('ask'), alive: send('alive') }
  })

/** Any content will do: the disk has to respond, whatever it has. */
const PROBED = '0'.repeat(64) as ContentAddress

/** Ends when index and blob store have responded. @returns the newest epoch */
export const probeDisk: Effect.Effect<number, RockpoolError, IndexPort | BlobPort> = Effect.gen(function* () {
  const index = yield* IndexPort
  const blobs = yield* BlobPort
  yield* call(() => blobs.parts(PROBED))
  return (yield* call(() => index.get('engine', 'engine')))?.epoch ?? 0
})

/**
 * One interval of a follower: asks, and waits.
 *
 * @param heard whether the leader has responded since it was asked
 */
export const askOnce = (
  { ask }: Heartbeat,
  heard: () => boolean,
): Effect.Effect<'alive' | 'silent' | 'late', never, Platform> =>
  Effect.gen(function* () {
    const { clock } = yield* Platform
    const askedAt = yield* Clock.currentTimeNanos
    ask()
    yield* Effect.sleep(ASK_EVERY_MS)
    const took = Duration.toMillis(Duration.nanos((yield* Clock.currentTimeNanos) - askedAt))
    // A page that was busy gets its timers before the messages that came meanwhile: one more turn of its event loop.
    yield* Effect.async<void>((resume) => {
      const cancel = clock.setTimer(() => resume(Effect.void), 0)
      return Effect.sync(cancel)
    })
    if (heard()) return 'alive'
    return took > LATE_MS ? 'late' : 'silent'
  })
