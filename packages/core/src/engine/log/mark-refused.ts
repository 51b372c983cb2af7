/** Taking what the sync server refused out of the queues of the device: its outbox row waits for a person from then on. */
import type { RemoteKey, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Queue } from 'effect'
import { change, type IndexChange, type OutboxRow, remove } from '../../ports/index-port.ts'
import type { RecordLog, Refusal } from '../../ports/record-log.ts'
import { contentKeyOf } from '../../records/content-key.ts'
import { Device } from '../device.ts'
import { transferId } from '../transfers/transfer-row.ts'
import { planRefusals } from './plan-refusals.ts'
import { RefusedRows } from './refused-rows.ts'
import { call, IndexPort, LogPort } from '../services.ts'

/** Refusals marked in one write: a device that was offline for a month may get thousands. */
const BATCH = 500

/**
 * Marks rows as the refusals come. The leader does it, and nothing rests on it: a refusal that no one marks leaves the row
 * in the outbox, so that its event is appended again, refused again, and marked then. Never ends.
 */
export const markRefused = (
  epoch: number,
): Effect.Effect<void, RockpoolError, Device | IndexPort | LogPort | RefusedRows> =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const device = yield* Device
    const marked = yield* RefusedRows
    const heard = yield* Queue.unbounded<Refusal>()
    yield* Effect.acquireRelease(
      Effect.sync(() => log.refusals?.((refusal) => void heard.unsafeOffer(refusal))),
      (unsubscribe) => Effect.sync(() => unsubscribe?.()),
    )

    const mark = (batch: readonly Refusal[]) =>
      Effect.gen(function* () {
        const refusals = new Map(batch.map((refusal) => [refusal.opId, refusal]))
        const outbox = yield* call(() => index.getAll('outbox'))
        const now = yield* Clock.currentTimeMillis
        const { refused, gone } = planRefusals(outbox, refusals, now)
        if (refused.length + gone.length === 0) return

        yield* device.write(
          [
            ...refused.flatMap(({ from, to }) => moved(from, to)),
            ...gone.map(({ id }) => remove('outbox', id)),
            ...contentsNamedOnlyBy([...refused.flatMap(({ from, to }) => [from, to]), ...gone], outbox, log).map(
              (key) => remove('transfers', transferId('upload', key)),
            ),
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
const moved = (from: OutboxRow, to: OutboxRow): readonly IndexChange[] => {
  let isThere = false
  return [
    change('outbox', from.id, (row) => {
      isThere = row !== undefined
      return undefined
    }),
    change('outbox', to.id, (row) => (isThere ? to : row)),
  ]
}

/** Contents of `rows` that no live file has but through a refused event: the log may have those for another moment. */
const contentsNamedOnlyBy = (
  rows: readonly OutboxRow[],
  outbox: readonly OutboxRow[],
  log: Pick<RecordLog, 'filesWithContent'>,
): readonly RemoteKey[] => {
  const refusedOpIds = new Set([...outbox.filter(({ refused }) => refused), ...rows].map(({ event }) => event.opId))
  const keys = new Set(rows.flatMap(({ event }) => contentKeyOf(event) ?? []))
  return [...keys].filter(
    (key) =>
      !log.filesWithContent(key).some(({ deletedAt, version }) => deletedAt === null && !refusedOpIds.has(version)),
  )
}
