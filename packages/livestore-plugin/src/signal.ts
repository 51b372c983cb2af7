/** Wakes one waiter, now or when it waits next. Several wake-ups before that count as one. */
import { Effect, Queue } from 'effect'

export interface Signal {
  readonly wake: () => void
  readonly wait: Effect.Effect<void>
}

export const makeSignal: Effect.Effect<Signal> = Effect.map(Queue.sliding<void>(1), (queue) => ({
  wake: () => void queue.unsafeOffer(undefined),
  wait: Queue.take(queue),
}))
