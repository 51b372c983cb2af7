/**
 * Pages of the backend's events. While events are pending, each page would rebase all of them, so pages are held until the
 * last one is there and are taken in one step.
 */

/** The most events that are held. */
export const HELD_LIMIT = 5_000

export interface Page<E> {
  readonly events: readonly E[]
  /** no other page follows */
  readonly isLast: boolean
}

/**
 * @param held events of the pages before
 * @returns what to take into the log now, and what to hold
 */
export const takePage = <E>(
  held: readonly E[],
  { events, isLast }: Page<E>,
  hasPending: boolean,
): { readonly held: readonly E[]; readonly take: readonly E[] } => {
  const all = held.length === 0 ? events : [...held, ...events]
  return !isLast && hasPending && all.length < HELD_LIMIT ? { held: all, take: [] } : { held: [], take: all }
}
