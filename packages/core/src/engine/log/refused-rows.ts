/** The refused rows of the outbox, in memory and up to date with every tab's writes. */
import { Context, Effect, Layer, Queue } from 'effect'
import type { OutboxRow, RefusedMark } from '../../ports/local-index.ts'
import { makeListeners } from '../../listeners.ts'
import { isRefusedId, REFUSED_PREFIX } from './outbox-row.ts'
import { callPort, IndexPort } from '../services.ts'
import { untilRunning } from '../until-running.ts'
import { subscribed } from '../subscribed.ts'

export interface RefusedRow extends OutboxRow {
  readonly refused: RefusedMark
}

export interface RefusedRowsShape {
  /** In the order of appending. The same array while nothing changed. */
  readonly all: () => readonly RefusedRow[]
  readonly get: (opId: string) => RefusedRow | undefined
  /** Calls `listener` after rows came or went. @returns unsubscribe */
  readonly subscribe: (listener: () => void) => () => void
  /** Reads the rows again, for a caller that has just written some. */
  readonly refresh: Effect.Effect<void>
}

export class RefusedRows extends Context.Tag('@rockpool/core/RefusedRows')<RefusedRows, RefusedRowsShape>() {}

export const RefusedRowsLive = Layer.scoped(
  RefusedRows,
  Effect.gen(function* () {
    const index = yield* IndexPort
    const listeners = makeListeners<void>()
    let rows: readonly RefusedRow[] = []
    let byOpId: ReadonlyMap<string, RefusedRow> = new Map()

    const read = Effect.gen(function* () {
      const found = yield* callPort(() => index.getAll('outbox', { after: REFUSED_PREFIX }))
      // A refused row is never updated in place, and its id is never reused.
      if (found.length === rows.length && found.every(({ id }, i) => id === rows[i]!.id)) return
      rows = found as readonly RefusedRow[]
      byOpId = new Map(rows.map((row) => [row.event.opId, row]))
      listeners.emit()
    })
    // One at a time, so that an older read never overwrites a newer one.
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const refresh = read.pipe(
      oneAtATime.withPermits(1),
      // The rows are read with the next change.
      Effect.catchAll((error) => Effect.logWarning('The refused changes could not be read', error)),
    )

    // Subscribed before the first read: otherwise a write of another tab in between would be missed.
    const written = yield* Queue.sliding<void>(1)
    yield* subscribed(() =>
      index.subscribe((keys) => {
        if (keys.some(({ table, key }) => table === 'outbox' && isRefusedId(key))) written.unsafeOffer(undefined)
      }),
    )
    yield* read
    yield* Effect.forkScoped(
      Effect.forever(Queue.take(written).pipe(Effect.andThen(untilRunning), Effect.andThen(refresh))),
    )
    return { all: () => rows, get: (opId) => byOpId.get(opId), subscribe: listeners.add, refresh }
  }),
)
