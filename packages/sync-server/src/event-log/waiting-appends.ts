/** Appends of one log that wait for the next transaction, in the order of their arrival. */
import type { AppendOptions, AppendResult } from './event-log.ts'
import type { LogEvent } from './event.ts'

/** The arguments of `EventLog.append`. */
export interface Append {
  readonly parent: number
  readonly events: readonly LogEvent[]
  readonly options: AppendOptions
}

export interface WaitingAppend {
  readonly append: Append
  readonly settle: PromiseWithResolvers<AppendResult>
}

/** Settles each append of a transaction with its own result. */
export const settleAll = (
  group: readonly WaitingAppend[],
  results: readonly PromiseSettledResult<AppendResult>[],
): void => {
  for (const [index, result] of results.entries()) {
    const { resolve, reject } = group[index]!.settle
    if (result.status === 'fulfilled') resolve(result.value)
    else reject(result.reason)
  }
}
