/** What happened, for `pool.on`. */
import { Context, Effect, Layer } from 'effect'
import type { PoolEvents } from '../pool.ts'
import { makeListeners } from './listeners.ts'

export interface Notice<E extends keyof PoolEvents = keyof PoolEvents> {
  readonly event: E
  readonly detail: PoolEvents[E]
}

export class Notices extends Context.Tag('@rockpool/core/Notices')<
  Notices,
  ReturnType<typeof makeListeners<Notice>>
>() {}

export const NoticesLive = Layer.sync(Notices, () => makeListeners<Notice>())

export const tell = <E extends keyof PoolEvents>(
  event: E,
  detail: PoolEvents[E],
): Effect.Effect<void, never, Notices> => Effect.map(Notices, (notices) => notices.tell({ event, detail }))
