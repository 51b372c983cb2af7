/** Garbage collection of all stores. */
import type { ObjectStore } from '@rockpool/object-store'
import { collect, type CollectReport } from './collect.ts'
import type { KeyLocks } from './key-locks.ts'
import type { LiveSets } from './live-set.ts'
import { DEFAULT_RULES } from './verdict.ts'

export interface CollectAllOptions {
  /** only says what would go */
  readonly dryRun: boolean
  /** an operator has looked: logs are right though they name fewer files, or are others */
  readonly accept: boolean
  readonly graceMs: number
  readonly keyLocks: KeyLocks
}

/** Collects in each store in turn, and reports how it went. One that fails leaves the others alone. */
export const collectAll = async (
  store: ObjectStore,
  liveSets: LiveSets,
  { dryRun, accept, graceMs, keyLocks }: CollectAllOptions,
  signal: AbortSignal,
  /** `*`: of all stores */
  report: (storeId: string, outcome: CollectReport | Error) => void,
): Promise<void> => {
  const failed = (storeId: string, error: unknown) => {
    signal.throwIfAborted()
    report(storeId, error instanceof Error ? error : new Error(String(error)))
    return []
  }
  for (const storeId of await liveSets.storeIds(signal).catch((error: unknown) => failed('*', error))) {
    try {
      const rules = { ...DEFAULT_RULES, graceMs }
      report(storeId, await collect({ store, liveSets, storeId, keyLocks, rules, dryRun, accept, signal }))
    } catch (error) {
      failed(storeId, error)
    }
  }
}
