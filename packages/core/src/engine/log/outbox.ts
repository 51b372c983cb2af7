/**
 * Events that the sync backend has not confirmed yet. An append is not durable (LiveStore loses a commit that a reload
 * follows within 40 ms), so every event stays on disk in the outbox until it is confirmed.
 */
import type { RockpoolError } from '@rockpool/protocol'
import { Effect, Queue, Stream } from 'effect'
import { change, type OutboxRow, remove } from '../../ports/local-index.ts'
import type { Confirmation } from '../../ports/record-log.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import { appendEvents } from './append.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { retryOffline } from '../transfers/enqueue.ts'
import { MAX_GROUP } from './next-group.ts'
import { isRefusedId } from './outbox-row.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import type { RefusedRows } from './refused-rows.ts'
import { callPort, IndexPort, LogPort, type Platform, type Settings } from '../services.ts'
import { subscribed } from '../subscribed.ts'

/** A running tab appends its event well within this time. */
const APPENDED_AFTER = '5 seconds'

/**
 * Appends events that a crash kept from the log: those of an earlier session at the start, those of a tab that dies later
 * while this one leads. Skips events that the log has (a repeated event changes nothing, by its opId) and events that the
 * sync server refused. Never ends.
 */
export const replay: Effect.Effect<void, RockpoolError, IndexPort | LogPort | PoolEmitter> = Effect.gen(function* () {
  const index = yield* IndexPort
  const log = yield* LogPort
  const emitter = yield* PoolEmitter

  const appendMissing = (rows: readonly OutboxRow[]) =>
    Effect.gen(function* () {
      const missing = yield* callPort(async () =>
        rows.filter(({ event, refused }) => !refused && !log.applied(event.opId)),
      )
      const events = missing.map(({ event }) => event)
      for (const appended of yield* callPort(async () => appendEvents(log, events))) {
        if (appended.outcome === 'pending') return yield* Effect.fail(appended.error)
        // An event that the log refuses must not block the others.
        if (appended.outcome === 'refused') emitter.emit({ event: 'error', detail: { error: appended.error } })
      }
    })

  // Subscribed before the first read: otherwise a row in between would be missed.
  const written = yield* Queue.unbounded<string>()
  yield* subscribed(() =>
    index.subscribe((keys) => {
      for (const { table, key } of keys) if (table === 'outbox' && !isRefusedId(key)) written.unsafeOffer(key)
    }),
  )
  yield* outboxPages(appendMissing)
  while (true) {
    const ids = [...(yield* Queue.takeBetween(written, 1, Number.MAX_SAFE_INTEGER))]
    yield* Effect.sleep(APPENDED_AFTER)
    for (let from = 0; from < ids.length; from += MAX_GROUP) {
      const rows = yield* callPort(() => index.getMany('outbox', ids.slice(from, from + MAX_GROUP)))
      yield* appendMissing(rows.filter((row) => row !== undefined))
    }
  }
}).pipe(Effect.scoped)

/** Calls `read` with pages of the outbox until it returns false: an outbox may hold a month's work. */
const outboxPages = <R>(
  read: (rows: readonly OutboxRow[]) => Effect.Effect<unknown, RockpoolError, R>,
): Effect.Effect<void, RockpoolError, IndexPort | R> =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    let after: string | undefined
    while (true) {
      const page = { after, limit: MAX_GROUP }
      const rows = yield* callPort(() => index.getAll('outbox', page))
      const more = yield* read(rows)
      if (rows.length < MAX_GROUP || more === false) return
      after = rows.at(-1)!.id
    }
  })

/** Confirmations per write, and the time to gather them. */
const BATCH = 500
const GATHER = '200 millis'

/** Takes events out of the outbox as the sync backend confirms them. Never ends. */
export const clearConfirmed = (
  epoch: number,
): Effect.Effect<void, RockpoolError, Device | IndexPort | LogPort | RefusedRows | Platform | Settings> =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const device = yield* Device
    const engine = yield* callPort(() => index.get('engine', 'engine'))

    const clear = (confirmations: readonly Confirmation[]) =>
      Effect.gen(function* () {
        const opIds = new Set(confirmations.map(({ opId }) => opId))
        const done: OutboxRow[] = []
        // Events are confirmed in order, so the first pages usually have them all.
        yield* outboxPages((rows) =>
          Effect.sync(() => {
            for (const row of rows) if (opIds.delete(row.event.opId)) done.push(row)
            return opIds.size > 0
          }),
        )
        // The upload had stopped at a refusal that a retry has overtaken since.
        const wasRefused = new Set(done.flatMap(({ event, refused }) => (refused && contentOfEvent(event)) ?? []))
        const cursor = confirmations.at(-1)!.cursor
        yield* device.write(
          [
            ...done.map(({ id }) => remove('outbox', id)),
            ...(yield* reconcileKeys(wasRefused, { occasion: 'file' })),
            // The sync backend responded, so the network is back: what failed without it need not wait (peer failure 15).
            ...retryOffline(device),
            change('engine', 'engine', (row) => (row ? { ...row, confirmationCursor: cursor } : row)),
          ],
          epoch,
        )
      })

    const confirmed = yield* Queue.unbounded<Confirmation>()
    const listen = callPort(async (signal) => {
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
