/**
 * Pages of the backend's events on their way into the log. While events are pending, each page alone would move all of them
 * behind it, so pages wait until the last one is there and are taken in one step.
 */

/** Events that wait at most. */
export const HELD_LIMIT = 5_000

export interface Page<E> {
  readonly events: readonly E[]
  /** no other page follows at once */
  readonly isLast: boolean
}

/**
 * @param held events of the pages before
 * @returns what to take into the log now, and what waits
 */
export const takePage = <E>(
  held: readonly E[],
  { events, isLast }: Page<E>,
  hasPending: boolean,
): { readonly held: readonly E[]; readonly take: readonly E[] } => {
  const all = held.length === 0 ? events : [...held, ...events]
  return !isLast && hasPending && all.length < HELD_LIMIT ? { held: all, take: [] } : { held: [], take: all }
}
