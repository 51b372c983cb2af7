/** Liveness of the leader: followers ask on a channel, and the leader responds when its disk works. */
import type { ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Clock, Duration, Effect, type Scope } from 'effect'
import type { PlatformChannel } from '../../platform/platform.ts'
import { ASK_EVERY_MS, LATE_MS } from './leadership.ts'
import { BlobPort, callPort, IndexPort, Platform, Settings } from '../services.ts'

/**
 * Requests and responses, not periodic beats: browsers throttle timers of a hidden page to one a minute, but deliver its
 * messages immediately. Without a visible follower nothing is sent.
 */
type HeartbeatMessage = 'ask' | 'alive'

export interface HeartbeatListeners {
  readonly onAsk: () => void
  readonly onAlive: () => void
}

export interface Heartbeat {
  /** Asks the leader for a sign of life. */
  readonly ask: () => void
  /** Responds: this tab leads and works. */
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

/** Any address works: the disk has to respond, whether or not it has the content. */
const PROBED = '0'.repeat(64) as ContentAddress

/** Waits until index and blob store respond. @returns the newest epoch; undefined when the index has lost it */
export const probeDisk: Effect.Effect<number | undefined, RockpoolError, IndexPort | BlobPort> = Effect.gen(
  function* () {
    const index = yield* IndexPort
    const blobs = yield* BlobPort
    yield* callPort(() => blobs.parts(PROBED))
    return (yield* callPort(() => index.get('engine', 'engine')))?.epoch
  },
)

/**
 * One interval of a follower: asks, and waits.
 *
 * @param heard whether the leader has responded since the request
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
    // After a long task the timer may run before queued messages: one more turn of the event loop.
    yield* Effect.async<void>((resume) => {
      const cancel = clock.setTimer(() => resume(Effect.void), 0)
      return Effect.sync(cancel)
    })
    if (heard()) return 'alive'
    return took > LATE_MS ? 'late' : 'silent'
  })
