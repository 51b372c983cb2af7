/** The transfer queue of the leader: starts what is due, as many at a time as may be, and stops what nobody wants. */
import { type ErrorCode, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, FiberMap, Queue } from 'effect'
import type { TransferRow } from '../../ports/index-port.ts'
import { attempt } from './attempt.ts'
import { Device } from '../device.ts'
import { call, IndexPort, Platform } from '../services.ts'
import { type Lane, nextTransfers, type RunningTransfer } from './next-transfers.ts'
import { makeComeback } from './comeback.ts'
import { makeOutage } from './outage.ts'
import { makeRetryTimes, type Moment } from './retry-times.ts'
import { subscribed } from '../subscribed.ts'

/** A disk that is full may take deletions only: a transfer whose end cannot be noted holds its lane for this time. */
const NOT_NOTED_WAIT = '1 minute'

/**
 * A token that is refused makes the session ask for another one, which is a new token, too: it lets refused transfers try
 * once in this time.
 */
const NEW_TOKEN_PAUSE_MS = 60_000

/** Runs transfers. Never ends by itself; interrupting it aborts what is under way. */
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
    /** ids of transfers that failed in the outage. A person, or the log, that tries one again wants an attempt now. */
    const failedInOutage = new Set<string>()
    /** What refused a transfer last, by its id: a person's retry takes it from the row. */
    const refusals = new Map<string, ErrorCode>()

    // Holds one item at most: many changes, one look.
    const wake = yield* Queue.sliding<void>(1)
    const look = () => void wake.unsafeOffer(undefined)
    // The start of the leader is a comeback, too.
    let isBack = true
    let hasNewToken = false
    let tokenWaitEnds = -Infinity
    /** ids of transfers that ran when everything was woken: what they may have failed for is over. */
    const ranAtComeback = new Set<string>()
    const isComeback = makeComeback(page)

    yield* subscribed(() => [
      device.subscribe((changed) => changed === 'rows' && look()),
      page.subscribe(() => {
        if (!isComeback()) return
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
      const ranThen = ranAtComeback.delete(row.id)
      if (after === undefined || after.state === 'sent') {
        const isDone =
          after !== undefined ||
          (row.direction === 'upload' ? device.isStored(row.remoteKey) : device.has(row.remoteKey))
        const refusal = refusals.get(row.id) ?? (row.state === 'blocked' ? row.error?.code : undefined)
        refusals.delete(row.id)
        // What refused this one no longer does: the others with the same refusal need not wait.
        if (isDone && refusal !== undefined) free(refusedFor(refusal))
        outage.ended(row.id, isDone ? undefined : 'interrupted', now.monotonic, random())
      } else {
        const code = after.attempts > attempts ? after.error?.code : undefined
        outage.ended(row.id, code ?? 'interrupted', now.monotonic, random())
        if (outage.isAway() && code !== undefined) failedInOutage.add(row.id)
        if (after.state === 'blocked' && after.error) refusals.set(row.id, after.error.code)
        if (ranThen) times.wake([after])
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
      // The lane is given back whatever happens (peer failure 14); at once tried again it would go round and round.
      const work = attempt({ ...row, attempts }, epoch).pipe(
        Effect.catchAll((error) =>
          Effect.logWarning(`The end of a transfer could not be noted: ${error.message}`).pipe(
            Effect.andThen(Effect.sleep(NOT_NOTED_WAIT)),
          ),
        ),
        Effect.ensuring(Effect.map(moment, (now) => ended(row, attempts, now))),
      )
      return FiberMap.run(fibers, row.id, work)
    }

    while (true) {
      const engine = yield* call(() => index.get('engine', 'engine'))
      if (engine && engine.epoch > epoch) return yield* Effect.fail(superseded())
      const now = yield* moment
      if (isBack) {
        isBack = false
        times.wake(device.transfers.values())
        for (const id of running.keys()) ranAtComeback.add(id)
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

const superseded = (): RockpoolError =>
  new RockpoolError('superseded', 'Another tab leads the transfers of this store now.')
