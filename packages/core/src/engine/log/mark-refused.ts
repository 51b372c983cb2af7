/** Marks outbox rows that the sync server refused: they are not replayed, and wait for a person's decision. */
import type { RemoteKey, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Queue } from 'effect'
import { decision, type IndexStep, type OutboxRow, put, remove } from '../../ports/local-index.ts'
import type { Refusal } from '../../ports/record-log.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { planRefusals } from './plan-refusals.ts'
import { RefusedRows } from './refused-rows.ts'
import { callPort, IndexPort, LogPort, type Platform, type Settings } from '../services.ts'
import { subscribed } from '../subscribed.ts'

/** Refusals marked in one write: a device that was offline for a month may get thousands. */
const BATCH = 500

/**
 * Marks rows as the refusals come. Runs in the leader. A missed refusal is harmless: the row stays in the outbox, so its
 * event is appended again, refused again, and marked then. Never ends.
 */
export const markRefused = (
  epoch: number,
): Effect.Effect<void, RockpoolError, Device | IndexPort | LogPort | Platform | RefusedRows | Settings> =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const device = yield* Device
    const marked = yield* RefusedRows
    const heard = yield* Queue.unbounded<Refusal>()
    yield* subscribed(() => log.refusals?.((refusal) => void heard.unsafeOffer(refusal)) ?? [])

    const mark = (batch: readonly Refusal[]) =>
      Effect.gen(function* () {
        const refusals = new Map(batch.map((refusal) => [refusal.opId, refusal]))
        const outbox = yield* callPort(() => index.getAll('outbox'))
        const now = yield* Clock.currentTimeMillis
        const { refused, gone } = planRefusals(outbox, refusals, now)
        if (refused.length + gone.length === 0) return

        yield* device.write(
          [
            ...refused.map(({ from, to }) => moved(from, to)),
            ...gone.map(({ id }) => remove('outbox', id)),
            // The log may still contain the refused event for a moment.
            ...(yield* reconcileKeys(contentsOf([...refused.flatMap(({ from, to }) => [from, to]), ...gone]), {
              occasion: 'file',
              refused: new Set(gone.map(({ event }) => event.opId)),
            })),
          ],
          epoch,
        )
        yield* marked.refresh
      })

    while (true) {
      // `take` first: a waiting `takeBetween` resumes with one refusal of a push, and a file is judged with what is behind it.
      const first = yield* Queue.take(heard)
      yield* mark([first, ...(yield* Queue.takeUpTo(heard, BATCH - 1))])
    }
  }).pipe(Effect.scoped)

/** One row in place of another, unless the event was confirmed while the outbox was read. */
const moved = (from: OutboxRow, to: OutboxRow): IndexStep =>
  decision(
    [
      { table: 'outbox', key: from.id },
      { table: 'outbox', key: to.id },
    ],
    (rows) => (rows.get('outbox', from.id) ? [remove('outbox', from.id), put('outbox', to)] : []),
  )

const contentsOf = (rows: readonly OutboxRow[]): ReadonlySet<RemoteKey> =>
  new Set(rows.flatMap(({ event }) => contentOfEvent(event) ?? []))
