/**
 * The marks that the processors leave in their thread, so that a provider and a pool report a missing plugin when they open,
 * instead of a store that stops syncing some day.
 */

export interface LeaderHandle {
  /** Rereads the databases; tabs pull again. The last step of a provider that sees no progress. */
  restart(): void
}

const LEADER = Symbol.for('rockpool.livestore.leader')
const SESSION = Symbol.for('rockpool.livestore.session')

/** The leaders in this thread by storeId. The first call leaves the mark. */
export const leadersOfThread = (): Map<string, LeaderHandle> =>
  ((globalThis as Record<symbol, unknown>)[LEADER] ??= new Map()) as Map<string, LeaderHandle>

export const markSession = (): void => {
  ;(globalThis as Record<symbol, unknown>)[SESSION] = true
}
