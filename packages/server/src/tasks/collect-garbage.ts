import { collectAll } from '../gc/collect-all.ts'
import { readModelLiveSets } from '../gc/read-model-live-sets.ts'
import { gcFields } from '../serve/collector.ts'
import type { Task } from './task.ts'

export interface CollectArguments {
  readonly dryRun: boolean
  readonly accept: boolean
  readonly graceMs: number
}

export interface CollectResult {
  readonly ok: boolean
  /** the outcome of each store, as lines of the log have it */
  readonly stores: readonly object[]
}

export const collectGarbage: Task<CollectArguments, CollectResult> = {
  name: 'gc',
  run: async (args, { parts, reportLost, signal }) => {
    const stores: object[] = []
    let ok = true
    await collectAll(
      parts.store,
      readModelLiveSets({ logs: parts.logs, reportLost }),
      { ...args, keyLocks: parts.keyLocks },
      signal,
      (storeId, outcome) => {
        ok &&= !(outcome instanceof Error)
        stores.push(gcFields(storeId, outcome))
      },
    )
    return { ok, stores }
  },
}
