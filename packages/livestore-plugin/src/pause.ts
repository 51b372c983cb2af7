/** Exponential back-off with full jitter, so that tabs do not retry at the same moments. */
import { Effect, Random } from 'effect'

export interface PauseOptions {
  /** ms, the longest first pause */
  readonly base: number
  /** ms, the longest pause */
  readonly max: number
}

export const pauseAfter = (tries: number, { base, max }: PauseOptions): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (share) => Effect.sleep(Math.min(max, base * 2 ** tries) * share))
