/** The leader's transfer queue: starts transfers that are due, in their lanes, and stops those no longer wanted. */
import type { ErrorCode } from '@rockpool/protocol'
import { Clock, Effect, FiberMap, Queue } from 'effect'
import type { TransferRow } from '../../ports/local-index.ts'
import { attempt } from './attempt.ts'
import { Device } from '../device.ts'
import { callPort, epochConflict, IndexPort, Platform } from '../services.ts'
import { type Lane, nextTransfers, type RunningTransfer } from './next-transfers.ts'
import { makeReturnDetector } from './return-detector.ts'
import { makeOutage } from './outage.ts'
import { makeRetryTimes, type Moment } from './retry-times.ts'
import { subscribed } from '../subscribed.ts'

/** A transfer whose outcome cannot be written, on a full disk for example, keeps its lane for this time. */
const UNRECORDED_END_WAIT = '1 minute'

/**
 * A refused token makes the session get a new one, which retries refused transfers, which may be refused again: at most one
 * such round in this time.
 */
const NEW_TOKEN_PAUSE_MS = 60_000

/** Runs transfers. Never ends; interrupting it aborts the transfers under way. */
export const runTransfers = (epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const index = yield* IndexPort
    const { page, hashing, random } = yield* Platform
    const fibers = yield* FiberMap.make<string>()
    const running = new Map<string, RunningTransfer>()
    const times = makeRetryTimes(device.transfers)
    const freed = new WeakSet<TransferRow>()
    const outage = makeOutage()
    /** ids of transfers that failed in the outage. A row that leaves this state by a retry is attempted now. */
    const failedInOutage = new Set<string>()
    /** Last refusal by transfer id: a person's retry removes it from the row. */
    const refusals = new Map<string, ErrorCode>()

    // Coalesces: many changes, one pass.
    const wake = yield* Queue.sliding<void>(1)
    const look = () => void wake.unsafeOffer(undefined)
    // The start of a leader counts as a return, too.
    let isBack = true
    let hasNewToken = false
    let tokenWaitEnds = -Infinity
    /** ids of transfers that were running at the last return: if they fail, their cause may be over. */
    const runningAtReturn = new Set<string>()
    const hasReturned = makeReturnDetector(page)

    yield* subscribed(() => [
      device.subscribe((changed) => changed === 'rows' && look()),
      page.subscribe(() => {
        if (!hasReturned()) return
        isBack = true
        look()
      }),
      index.subscribe((keys) => {
        if (!keys.some(({ table }) => table === 'session')) return
        hasNewToken = true
        look()
      }),
    ])

    const refusedFor = (code: ErrorCode): readonly TransferRow[] =>
      [...device.transfers.values()].filter((row) => row.state === 'blocked' && row.error?.code === code)

    const ended = (row: TransferRow, attempts: number, now: Moment) => {
      running.delete(row.id)
      const after = device.transfers.get(row.id)
      const wasRunning = runningAtReturn.delete(row.id)
      if (after === undefined || after.state === 'sent') {
        const isDone =
          after !== undefined ||
          (row.direction === 'upload' ? device.isStored(row.remoteKey) : device.has(row.remoteKey))
        const refusal = refusals.get(row.id) ?? (row.state === 'blocked' ? row.error?.code : undefined)
        refusals.delete(row.id)
        // The cause of the refusal is gone: transfers with the same refusal need not wait.
        if (isDone && refusal !== undefined) free(refusedFor(refusal))
        outage.ended(row.id, isDone ? undefined : 'interrupted', now.monotonic, random())
      } else {
        const code = after.attempts > attempts ? after.error?.code : undefined
        outage.ended(row.id, code ?? 'interrupted', now.monotonic, random())
        if (outage.isAway() && code !== undefined) failedInOutage.add(row.id)
        if (after.state === 'blocked' && after.error) refusals.set(row.id, after.error.code)
        if (wasRunning) times.wake([after])
        // Every other transfer would fail with the same token.
        else if (after.error?.code === 'unauthenticated') times.postpone(refusedFor('unauthenticated'), now)
      }
      look()
    }
    const free = (rows: readonly TransferRow[]) => {
      for (const row of rows) freed.add(row)
      times.wake(rows)
    }

    const start = (row: TransferRow, lane: Lane) => {
      running.set(row.id, { direction: row.direction, lane })
      const attempts = times.isWoken(row) ? 0 : row.attempts
      // The lane is released in any case (peer failure 14), but not immediately: the transfer would restart in a tight loop.
      const work = attempt({ ...row, attempts }, epoch).pipe(
        Effect.catchAll((error) =>
          Effect.logWarning(`The outcome of a transfer could not be saved: ${error.message}`).pipe(
            Effect.andThen(Effect.sleep(UNRECORDED_END_WAIT)),
          ),
        ),
        Effect.ensuring(Effect.map(moment, (now) => ended(row, attempts, now))),
      )
      return FiberMap.run(fibers, row.id, work)
    }

    while (true) {
      const engine = yield* callPort(() => index.get('engine', 'engine'))
      const conflict = epochConflict(engine?.epoch, epoch)
      if (conflict) return yield* Effect.fail(conflict)
      const now = yield* moment
      if (isBack) {
        isBack = false
        times.wake(device.transfers.values())
        for (const id of running.keys()) runningAtReturn.add(id)
        outage.over()
      }
      const isRetried = (id: string) => device.transfers.get(id)?.error === null && !running.has(id)
      if ([...failedInOutage].some(isRetried)) outage.over()
      if (!outage.isAway()) failedInOutage.clear()
      if (hasNewToken && tokenWaitEnds <= now.monotonic) {
        hasNewToken = false
        tokenWaitEnds = now.monotonic + NEW_TOKEN_PAUSE_MS
        times.wake([...device.transfers.values()].filter(({ state }) => state === 'blocked'))
      }
      const plan = nextTransfers({
        rows: device.transfers,
        running,
        paused: engine?.paused === true,
        dueIn: (row) => times.dueIn(row, now),
        isFreed: (row) => freed.has(row),
        partSize: hashing.partSize,
      })
      for (const id of plan.stop) yield* FiberMap.remove(fibers, id)
      const outageWait = outage.waitLeft(now.monotonic)
      const starts = outageWait > 0 ? [] : outage.isAway() ? plan.start.slice(0, 1) : plan.start
      for (const { row, lane } of starts) {
        outage.started(row.id, now.monotonic)
        yield* start(row, lane)
      }
      const tokenWait = hasNewToken ? tokenWaitEnds - now.monotonic : Infinity
      const next = Queue.take(wake)
      const heldWait = plan.start.length > starts.length ? outage.waitLeft(now.monotonic) : Infinity
      const wakeIn = Math.min(plan.wakeIn ?? Infinity, tokenWait, heldWait)
      yield* wakeIn === Infinity ? next : Effect.race(next, Effect.sleep(wakeIn))
    }
  }).pipe(Effect.scoped)

const moment: Effect.Effect<Moment> = Effect.map(
  Effect.all([Clock.currentTimeMillis, Clock.currentTimeNanos]),
  ([wall, nanos]) => ({ wall, monotonic: Number(nanos) / 1_000_000 }),
)
