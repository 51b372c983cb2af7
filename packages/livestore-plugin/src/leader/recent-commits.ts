/**
 * The commits at the end of the log, in memory: each push asks whether the log has its events already, and the log has no
 * index of them.
 */

/** A tab repeats what it has not seen in the leader's log yet. That is far less than this. */
export const RECENT_COMMITS = 10_000

interface Commit {
  readonly clientId: string
  readonly sessionId: string
}

export interface RecentCommits {
  readonly has: (commit: Commit) => boolean
  readonly add: (commits: readonly Commit[]) => void
  readonly remove: (commits: readonly Commit[]) => void
  readonly clear: () => void
}

/** @param limit commits in memory; the oldest is evicted first */
export const makeRecentCommits = (limit = RECENT_COMMITS): RecentCommits => {
  /** the oldest first */
  const ids = new Set<string>()
  const idOf = ({ clientId, sessionId }: Commit) => `${clientId} ${sessionId}`
  return {
    has: (commit) => ids.has(idOf(commit)),
    add: (commits) => {
      for (const commit of commits) ids.add(idOf(commit))
      for (const oldest of ids) {
        if (ids.size <= limit) break
        ids.delete(oldest)
      }
    },
    remove: (commits) => {
      for (const commit of commits) ids.delete(idOf(commit))
    },
    clear: () => ids.clear(),
  }
}
