/** Garbage collection inside the server: soon after the start and every hour from then on, never two runs at once. */
import type { ObjectStore } from '@rockpool/object-store'
import type { CollectReport } from '../gc/collect.ts'
import { collectAll } from '../gc/collect-all.ts'
import type { KeyLocks } from '../gc/key-locks.ts'
import type { LiveSets } from '../gc/live-set.ts'
import { DEFAULT_RULES } from '../gc/verdict.ts'

export const HOUR_MS = 60 * 60 * 1_000

/**
 * From the start to the first run. It is short, so that a server that restarts more often than every hour collects, too. It is not zero:
 * devices reconnect to a server that restarted, and another server that just lost its lease still ends its run.
 */
export const FIRST_RUN_MS = 5 * 60 * 1_000

export interface CollectorOptions {
  readonly store: ObjectStore
  readonly liveSets: LiveSets
  readonly keyLocks: KeyLocks
  /** gets the outcome for each store; `*`: the stores cannot be listed */
  readonly report: (storeId: string, outcome: CollectReport | Error) => void
  readonly firstRunMs?: number
  readonly everyMs?: number
}

export interface Collector {
  /** Ends the timer and the run under way. Resolves when nothing uses the store any more. */
  stop(): Promise<void>
}

export const startCollector = ({
  store,
  liveSets,
  keyLocks,
  report,
  firstRunMs = FIRST_RUN_MS,
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
  let timer = setTimeout(() => {
    run()
    timer = setInterval(run, everyMs).unref()
  }, firstRunMs).unref()
  return {
    stop: async () => {
      // Of either kind.
      clearTimeout(timer)
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
