/**
 * The marks that these modules leave in their thread, so that a provider and a pool can say at opening that the plugin is
 * missing, instead of a store that stops syncing some day.
 */

export interface LeaderHandle {
  /** Reads the databases again and lets the tabs pull again: the last step of a provider that sees no progress. */
  restart(): void
}

const LEADER = Symbol.for('rockpool.livestore.leader')
const SESSION = Symbol.for('rockpool.livestore.session')

/** The leaders in this thread by storeId. The first call leaves the mark. */
export const leadersHere = (): Map<string, LeaderHandle> =>
  ((globalThis as Record<symbol, unknown>)[LEADER] ??= new Map()) as Map<string, LeaderHandle>

export const markSession = (): void => {
  ;(globalThis as Record<symbol, unknown>)[SESSION] = true
}
