/**
 * The check of claims while a server runs: one store after the other, slowly, again and again. What it finds counts as stored in
 * the read model; nothing is appended.
 */
import type { StoreId } from '@rockpool/protocol'
import { type Clock, pause } from '../clock.ts'
import type { EventLog, Logs } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import { checkClaims, type CheckClaimsOptions } from './check-claims.ts'
import type { ReadModel } from './read-model.ts'

export interface ClaimChecks extends Pick<CheckClaimsOptions, 'head' | 'recheckAfterMs'> {
  /** contents and stores looked at in a second, at most; 2 unless set */
  readonly perSecond?: number
  /** from the end of one pass to the next, in ms; 10 minutes unless set */
  readonly everyMs?: number
}

export interface ClaimCheckerOptions extends ClaimChecks {
  readonly logs: Logs
  readonly clock: Clock
  /** gets what fails, once in a pass for each store, which is looked at again in the next one */
  readonly onError: (error: unknown) => void
}

export interface ClaimChecker {
  /** Call it after an append: the next pass looks at the store when one of the events may be a claim. */
  note(storeId: StoreId, events: readonly LogEvent[]): void
  /** Ends the check. Resolves when nothing uses the logs any more. */
  stop(): Promise<void>
}

const EVERY_MS = 10 * 60 * 1_000
const PER_SECOND = 2

/** The first pass looks at every store that the logs list, later ones at those with claims that no check has found. */
export const startClaimChecker = (options: ClaimCheckerOptions): ClaimChecker => {
  const { logs, clock, onError, everyMs = EVERY_MS, perSecond = PER_SECOND } = options
  const abort = new AbortController()
  const { signal } = abort
  const due = new Set<StoreId>()

  const run = async () => {
    let isListed = false
    for (;;) {
      await pause(clock, everyMs, signal)
      try {
        if (!isListed) for (const storeId of (await logs.storeIds?.()) ?? []) due.add(storeId)
        isListed = true
      } catch (error) {
        onError(error)
      }
      await pass()
    }
  }

  const pass = async () => {
    for (const storeId of [...due]) {
      due.delete(storeId)
      try {
        if (await check(storeId)) due.add(storeId)
      } catch (error) {
        due.add(storeId)
        signal.throwIfAborted()
        onError(error)
      }
      await pause(clock, 1_000 / perSecond, signal)
    }
  }

  /** @returns whether the store still has claims */
  const check = async (storeId: StoreId): Promise<boolean> => {
    const log = await logs.open(storeId)
    if (!isReadable(log)) return false
    const { readModel } = log
    const { head, recheckAfterMs } = options
    let hasFailed = false
    await checkClaims({
      ...{ readModel, head, perSecond, signal, clock },
      // While object storage does not respond each claim fails: one line of a store in a pass says so.
      onFailure: (error) => {
        if (!hasFailed) onError(error)
        hasFailed = true
      },
      ...(recheckAfterMs !== undefined && { recheckAfterMs }),
    })
    return (await readModel.claimedContents({ limit: 1 })).claims.length > 0
  }

  const running = run().catch((error: unknown) => {
    if (!signal.aborted) onError(error)
  })
  return {
    note: (storeId, events) => {
      if (events.some(({ name }) => name === 'v2.ContentStored')) due.add(storeId)
    },
    stop: () => {
      abort.abort(new Error('The server is stopping.'))
      return running
    },
  }
}

const isReadable = (log: EventLog): log is EventLog & { readonly readModel: ReadModel } => 'readModel' in log
