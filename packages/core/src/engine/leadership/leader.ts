/**
 * One tab of a store runs its transfers: the one that holds the Web Lock. A tab that is closed or killed loses it to the
 * next one, a tab that is frozen gives it up, and from one that hangs a visible tab steals it (`leadership.ts`).
 * Correctness never rests on the lock: index writes are fenced by the epoch, uploads are idempotent.
 */
import { RockpoolError } from '@rockpool/protocol'
import { Effect, FiberHandle, Queue } from 'effect'
import type { PlatformPage } from '../../platform/platform.ts'
import { change } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { askOnce, type Heartbeat, openHeartbeat, probeDisk } from './heartbeat.ts'
import { DUTIES, type Duty, type Leadership, type LeadershipInput, nextLeadership } from './leadership.ts'
import { mirrorFiles } from '../log/consume-changes.ts'
import { type HeldLock, hold, steal } from './locks.ts'
import { markRefused } from '../log/mark-refused.ts'
import { clearConfirmed, replay } from '../log/outbox.ts'
import { finishQuarantines } from '../repair/finish-quarantines.ts'
import { watchLosses } from '../repair/loss.ts'
import { reconcile } from '../repair/reconcile.ts'
import { upgradeRows } from '../repair/upgrade-rows.ts'
import { sweepDisk } from '../repair/sweep-disk.ts'
import { restarted } from '../restarted.ts'
import { confirmSent } from '../transfers/confirm-sent.ts'
import { runTransfers } from '../transfers/queue.ts'
import { asRockpoolError, epochConflict, Platform } from '../services.ts'
import { subscribed } from '../subscribed.ts'

const LOCK = 'leader'

/** Rest after the first failure in a row; doubles up to {@link MAX_REST_MS}. ms */
const REST_MS = 1_000
const MAX_REST_MS = 60_000

/** Leads whenever it can. Never ends. */
export const lead = Effect.gen(function* () {
  const { page } = yield* Platform
  const inputs = yield* Queue.unbounded<{ readonly input: LeadershipInput; readonly candidacy?: number }>()
  const asks = yield* Queue.sliding<void>(1)
  let heard = false
  const heartbeat = yield* openHeartbeat({
    onAsk: () => void asks.unsafeOffer(undefined),
    onAlive() {
      heard = true
      inputs.unsafeOffer({ input: 'alive' })
    },
  })

  let lock: HeldLock | undefined
  yield* subscribed(() =>
    page.subscribe(() => {
      // Before any fiber runs: a page that is frozen would keep the lock without working.
      if (page.isFrozen()) lock?.release()
      inputs.unsafeOffer({ input: inputOf(page) })
    }),
  )

  let failures = 0
  /** Number of the current attempt to lead. Inputs of earlier attempts are ignored. */
  let candidacy = 0
  const dispatch = (input: LeadershipInput, from: number) => void inputs.unsafeOffer({ input, candidacy: from })

  /** Resets the failure count after {@link MAX_REST_MS} of leading. Never ends. */
  const healthy = Effect.sleep(MAX_REST_MS).pipe(
    Effect.andThen(Effect.sync(() => (failures = 0))),
    Effect.andThen(Effect.never),
  )

  /** Gets the lock and leads until another tab steals it, or something fails. */
  const stand = (how: 'queue' | 'steal', self: number) =>
    Effect.gen(function* () {
      const held = yield* how === 'steal' ? steal(LOCK) : hold(LOCK, 'exclusive')
      yield* Effect.acquireRelease(
        Effect.sync(() => (lock = held)),
        () => Effect.sync(() => (lock = undefined)),
      )
      dispatch('granted', self)
      yield* Effect.raceFirst(Effect.raceFirst(term(heartbeat, asks), held.stolen), healthy)
    }).pipe(
      Effect.scoped,
      // A defect must not leave the store without a leader.
      Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))),
      Effect.matchEffect({
        onSuccess: () => Effect.sync(() => dispatch('stolen', self)),
        onFailure: (error) =>
          (error.code === 'superseded'
            ? Effect.void
            : Effect.logWarning(`Leading the transfers ended: ${error.message}`)
          ).pipe(Effect.andThen(Effect.sync(() => dispatch('failed', self)))),
      }),
    )

  const rest = (self: number) =>
    Effect.suspend(() => Effect.sleep(Math.min(MAX_REST_MS, REST_MS * 2 ** failures++))).pipe(
      Effect.andThen(Effect.sync(() => dispatch('rested', self))),
    )

  const watch = Effect.forever(
    Effect.suspend(() => {
      heard = false
      return askOnce(heartbeat, () => heard)
    }).pipe(Effect.map((input) => inputs.unsafeOffer({ input }))),
  )

  const work = yield* FiberHandle.make()
  const watching = yield* FiberHandle.make()
  let duty: Duty = { lock: 'none', asks: false, rests: false }
  /** Starts and stops tasks to match the new duty; waits until stopped tasks have ended. */
  const turnTo = (next: Duty) =>
    Effect.gen(function* () {
      const before = duty
      duty = next
      if (next.asks !== before.asks) yield* next.asks ? FiberHandle.run(watching, watch) : FiberHandle.clear(watching)
      if (next.lock === 'keep' || (next.lock === before.lock && next.rests === before.rests)) return
      candidacy++
      yield* FiberHandle.clear(work)
      if (next.rests) yield* FiberHandle.run(work, rest(candidacy))
      else if (next.lock !== 'none') yield* FiberHandle.run(work, stand(next.lock, candidacy))
    })

  let state: Leadership = nextLeadership('frozen', inputOf(page))
  while (true) {
    yield* turnTo(DUTIES[state])
    const { input, candidacy: from = candidacy } = yield* Queue.take(inputs)
    if (from !== candidacy) continue
    const before = state
    state = nextLeadership(state, input)
    // The state of the page decides whether this tab may suspect the leader.
    if (state === 'waiting' && before !== 'waiting') inputs.unsafeOffer({ input: inputOf(page) })
  }
}).pipe(Effect.scoped)

const inputOf = (page: PlatformPage): LeadershipInput =>
  page.isFrozen() ? 'frozen' : page.isVisible() ? 'visible' : 'hidden'

/** What a leader does, for as long as it leads. */
const term = (heartbeat: Heartbeat, asks: Queue.Queue<void>) =>
  Effect.gen(function* () {
    const epoch = yield* nextEpoch
    const device = yield* Device
    yield* device.reload
    yield* upgradeRows(epoch)
    yield* Effect.all(
      // Refusals first: the server may refuse events that `replay` appends.
      [
        restarted('Marking refused changes', markRefused(epoch)),
        restarted('Appending saved changes', replay),
        runTransfers(epoch),
        restarted('Checking uploads', confirmSent(epoch)),
        restarted('Clearing confirmed changes', clearConfirmed(epoch)),
        restarted('Mirroring files', mirrorFiles(epoch)),
        reconcile(epoch),
        sweepDisk,
        finishQuarantines(epoch),
        restarted('Checking lost content', watchLosses(epoch)),
        respond(epoch, heartbeat, asks),
      ],
      { concurrency: 'unbounded', discard: true },
    )
  })

/** A browser that clears the data of a site notifies no page: the leader looks for its own row. ms */
const LOOK_EVERY_MS = 5 * 60_000

/**
 * Responds to each request of a follower while the disk works, and once at the start, for followers of the former leader. Fails when
 * the index has another leader, or was lost.
 */
const respond = (epoch: number, { alive }: Heartbeat, asks: Queue.Queue<void>) =>
  Effect.forever(
    Effect.gen(function* () {
      alive()
      yield* Effect.race(Queue.take(asks), Effect.sleep(LOOK_EVERY_MS))
      // A former leader that wakes up must not respond: it would hide a new leader that hangs.
      const conflict = epochConflict(yield* probeDisk, epoch)
      if (conflict) yield* Effect.fail(conflict)
    }),
  )

/** Raises the epoch: writes of earlier leaders are refused from now on. */
const nextEpoch: Effect.Effect<number, RockpoolError, Device> = Effect.gen(function* () {
  const device = yield* Device
  let epoch = 0
  yield* device.write([
    change('engine', 'engine', (row) => {
      epoch = (row?.epoch ?? 0) + 1
      return { id: 'engine', changeCursor: null, confirmationCursor: null, ...row, epoch }
    }),
  ])
  return epoch
})
