/** Garbage collection inside the server: every hour, never two runs at once. */
import type { ObjectStore } from '@rockpool/object-store'
import type { CollectReport } from '../gc/collect.ts'
import { collectAll } from '../gc/collect-all.ts'
import type { KeyLocks } from '../gc/key-locks.ts'
import type { LiveSets } from '../gc/live-set.ts'
import { DEFAULT_RULES } from '../gc/verdict.ts'

export const HOUR_MS = 60 * 60 * 1_000

export interface CollectorOptions {
  readonly store: ObjectStore
  readonly liveSets: LiveSets
  readonly keyLocks: KeyLocks
  /** gets the outcome for each store; `*`: the stores cannot be listed */
  readonly report: (storeId: string, outcome: CollectReport | Error) => void
  readonly everyMs?: number
}

export interface Collector {
  /** Ends the timer and the run under way. Resolves when nothing uses the store any more. */
  stop(): Promise<void>
}

/** The first run is one interval after the start, which is busy enough. */
export const startCollector = ({
  store,
  liveSets,
  keyLocks,
  report,
  everyMs = HOUR_MS,
}: CollectorOptions): Collector => {
  const stopping = new AbortController()
  const flags = { dryRun: false, accept: false, graceMs: DEFAULT_RULES.graceMs, keyLocks }
  let running: Promise<void> | undefined
  const run = () => {
    running ??= collectAll(store, liveSets, flags, stopping.signal, report)
      .catch((error: unknown) => {
        // What fails while the server stops is not for the log.
        if (!stopping.signal.aborted) report('*', error instanceof Error ? error : new Error(String(error)))
      })
      .finally(() => (running = undefined))
  }
  const timer = setInterval(run, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      stopping.abort(new Error('The server is stopping.'))
      await running
    },
  }
}

/** What a collection did, as fields of a line of the log. */
export const gcFields = (storeId: string, outcome: CollectReport | Error): object => ({
  storeId,
  ...(outcome instanceof Error ? { error: outcome.message } : outcome),
})
