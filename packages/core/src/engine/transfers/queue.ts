/** The transfer queue of the leader: starts what is due, as many at a time as may be, and stops what nobody wants. */
import { RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, FiberMap, Queue } from 'effect'
import type { TransferDirection, TransferRow } from '../../ports/index-port.ts'
import { attempt } from './attempt.ts'
import { Device } from '../device.ts'
import { retryOffline } from './enqueue.ts'
import { nextTransfers } from './next-transfers.ts'
import { call, IndexPort, Platform } from '../services.ts'

/** A disk that is full may take deletions only: a transfer whose end cannot be noted holds its slot for so long. */
const NOT_NOTED_WAIT = '1 minute'

/** Runs transfers. Never ends by itself; interrupting it aborts what is under way. */
export const runTransfers = (epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const index = yield* IndexPort
    const { page } = yield* Platform
    const fibers = yield* FiberMap.make<string>()
    const running = new Map<string, TransferDirection>()

    // Holds one item at most: many changes, one look.
    const wake = yield* Queue.sliding<void>(1)
    const look = () => void wake.unsafeOffer(undefined)
    let cameBack = false
    const lookOutside = () => {
      cameBack ||= page.isOnline()
      look()
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => [device.subscribe(look), page.subscribe(lookOutside)]),
      (unsubscribes) => Effect.sync(() => unsubscribes.forEach((unsubscribe) => unsubscribe())),
    )

    const start = (row: TransferRow) => {
      running.set(row.id, row.direction)
      // The slot is given back whatever happens (peer failure 14); at once tried again it would go round and round.
      const work = attempt(row, epoch).pipe(
        Effect.catchAll((error) =>
          Effect.logWarning(`The end of a transfer could not be noted: ${error.message}`).pipe(
            Effect.andThen(Effect.sleep(NOT_NOTED_WAIT)),
          ),
        ),
        Effect.ensuring(
          Effect.sync(() => {
            running.delete(row.id)
            look()
          }),
        ),
      )
      return FiberMap.run(fibers, row.id, work)
    }

    while (true) {
      const now = yield* Clock.currentTimeMillis
      const engine = yield* call(() => index.get('engine', 'engine'))
      if (engine && engine.epoch > epoch) return yield* Effect.fail(superseded())
      if (cameBack) {
        cameBack = false
        // What failed for want of a network need not wait any longer (peer failure 15).
        yield* device.write(retryOffline(device), epoch)
      }
      const plan = nextTransfers(device.transfers.values(), running, now, {
        online: page.isOnline(),
        paused: engine?.paused === true,
      })
      for (const id of plan.stop) yield* FiberMap.remove(fibers, id)
      for (const row of plan.start) yield* start(row)
      const next = Queue.take(wake)
      yield* plan.wakeAt === undefined ? next : Effect.race(next, Effect.sleep(plan.wakeAt - now))
    }
  }).pipe(Effect.scoped)

const superseded = (): RockpoolError =>
  new RockpoolError('superseded', 'Another tab leads the transfers of this store now.')
