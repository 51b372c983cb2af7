/** A `Subscribable` whose value is computed when it is read: changes without a reader cost nothing. */
import { Subscribable } from '@livestore/utils/effect'
import { Effect, PubSub, Queue, Stream } from 'effect'

export const lazySubscribable = <A>(
  current: () => A,
): Effect.Effect<{
  readonly subscribable: Subscribable.Subscribable<A>
  readonly changed: () => void
}> =>
  Effect.map(PubSub.sliding<void>(1), (changes) => ({
    subscribable: Subscribable.make({
      get: Effect.sync(current),
      changes: Stream.unwrapScoped(
        Effect.map(PubSub.subscribe(changes), (queue) =>
          Stream.concat(Stream.sync(current), Stream.map(Stream.repeatEffect(Queue.take(queue)), current)),
        ),
      ),
    }),
    changed: () => void changes.unsafeOffer(undefined),
  }))
