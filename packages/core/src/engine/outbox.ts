/**
 * Events on their way into the log. An append is not durable (LiveStore loses a commit that a reload follows within
 * 40 ms), so every event stays in the outbox, on disk, until the sync backend has confirmed it.
 */
import type { RockpoolError } from '@rockpool/protocol'
import { Clock, Effect, Queue, Stream } from 'effect'
import { change, type IndexChange, type OutboxRow, put, remove } from '../ports/index-port.ts'
import type { Confirmation } from '../ports/record-log.ts'
import type { PoolEvent } from '../records/events.ts'
import { Device } from './device.ts'
import { retryOffline } from './enqueue.ts'
import { call, IndexPort, LogPort } from './services.ts'

let appended = 0

/** Sorts by time, then by the order in this tab. */
const outboxRow = (event: PoolEvent, now: number): OutboxRow => ({
  id: `${String(now).padStart(16, '0')}-${String(appended++).padStart(8, '0')}-${event.opId}`,
  event,
})

/** Writes `event` to the outbox together with `changes`, in one transaction, then appends it to the log. */
export const commit = (
  event: PoolEvent,
  changes: readonly IndexChange[] = [],
  epoch?: number,
): Effect.Effect<void, RockpoolError, Device | LogPort> =>
  Effect.gen(function* () {
    const device = yield* Device
    const log = yield* LogPort
    const now = yield* Clock.currentTimeMillis
    // From the first write on there is no way back: interrupted in between, the outbox would tell of it at the next open.
    yield* device.write([...changes, put('outbox', outboxRow(event, now))], epoch)
    yield* call(async () => log.append([event]))
  }).pipe(Effect.uninterruptible)

/** A tab that lives has its event in the log long before. */
const APPENDED_AFTER = '5 seconds'

/**
 * Appends what a crash kept from the log: at once what an earlier session left, and later what a tab leaves that dies
 * while this one leads. What the log already holds is left out; a repeated event changes nothing (opId). Never ends.
 */
export const replay: Effect.Effect<void, RockpoolError, IndexPort | LogPort> = Effect.gen(function* () {
  const index = yield* IndexPort
  const log = yield* LogPort
  const appendMissing = (rows: readonly (OutboxRow | undefined)[]) =>
    call(async () => {
      const missing = rows.flatMap((row) => (row && !log.applied(row.event.opId) ? [row.event] : []))
      if (missing.length > 0) log.append(missing)
    })
  // Listening before the first read, so that no row falls between the two.
  const written = yield* Queue.unbounded<string>()
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      index.subscribe((keys) => {
        for (const { table, key } of keys) if (table === 'outbox') written.unsafeOffer(key)
      }),
    ),
    (unsubscribe) => Effect.sync(unsubscribe),
  )
  yield* appendMissing(yield* call(() => index.getAll('outbox')))
  while (true) {
    const ids = yield* Queue.takeBetween(written, 1, Number.MAX_SAFE_INTEGER)
    yield* Effect.sleep(APPENDED_AFTER)
    yield* appendMissing(yield* Effect.forEach(ids, (id) => call(() => index.get('outbox', id))))
  }
}).pipe(Effect.scoped)

/** How many confirmations are taken in one write, and how long they are gathered. */
const BATCH = 500
const GATHER = '200 millis'

/** Takes events out of the outbox as the sync backend confirms them. Never ends. */
export const clearConfirmed = (epoch: number): Effect.Effect<void, RockpoolError, Device | IndexPort | LogPort> =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const device = yield* Device
    const engine = yield* call(() => index.get('engine', 'engine'))

    const clear = (confirmations: readonly Confirmation[]) =>
      Effect.gen(function* () {
        const opIds = new Set(confirmations.map(({ opId }) => opId))
        const rows = yield* call(() => index.getAll('outbox'))
        const done = rows.filter(({ event }) => opIds.has(event.opId))
        const cursor = confirmations.at(-1)!.cursor
        yield* device.write(
          [
            ...done.map(({ id }) => remove('outbox', id)),
            // The sync backend answers, so the network is back: what failed for want of it need not wait (peer failure 15).
            ...retryOffline(device),
            change('engine', 'engine', (row) => (row ? { ...row, confirmationCursor: cursor } : row)),
          ],
          epoch,
        )
      })

    const confirmed = yield* Queue.unbounded<Confirmation>()
    const listen = call(async (signal) => {
      for await (const confirmation of log.confirmations(engine?.confirmationCursor ?? undefined, signal)) {
        confirmed.unsafeOffer(confirmation)
      }
    })
    const work = Stream.fromQueue(confirmed).pipe(
      Stream.groupedWithin(BATCH, GATHER),
      Stream.runForEach((batch) => clear([...batch])),
    )
    yield* Effect.all([listen, work], { concurrency: 'unbounded', discard: true })
  })
