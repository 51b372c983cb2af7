/** Emitter behind `pool.on`. */
import { Context, Effect, Layer } from 'effect'
import type { PoolEvents } from '../pool.ts'
import { makeListeners } from '../listeners.ts'

export interface PoolEmission<E extends keyof PoolEvents = keyof PoolEvents> {
  readonly event: E
  readonly detail: PoolEvents[E]
}

export class PoolEmitter extends Context.Tag('@rockpool/core/PoolEmitter')<
  PoolEmitter,
  ReturnType<typeof makeListeners<PoolEmission>>
>() {}

export const PoolEmitterLive = Layer.sync(PoolEmitter, () => makeListeners<PoolEmission>())

export const emit = <E extends keyof PoolEvents>(
  event: E,
  detail: PoolEvents[E],
): Effect.Effect<void, never, PoolEmitter> => Effect.map(PoolEmitter, (emitter) => emitter.emit({ event, detail }))
