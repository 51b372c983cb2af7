/** The sync state for the app, and the `error` events for states that a person or the developer must act on. */
import { RockpoolError } from '@rockpool/protocol'
import { Context, Effect, Layer, Queue } from 'effect'
import type { RefusedChange } from '../../pool.ts'
import { SYNC_ERROR_CODES, syncStatusOf } from '../../sync/combine.ts'
import { makeSyncStatusSource } from '../../sync/make-source.ts'
import { CONNECTED, type SyncStatus, type SyncStatusSource } from '../../sync/sync-status.ts'
import { Device } from '../device.ts'
import { makeListeners } from '../../listeners.ts'
import { PoolEmitter } from '../pool-emitter.ts'
import { errorOfRefused, refusedChange, statusOfRefused } from './refused-change.ts'
import { type RefusedRow, RefusedRows } from './refused-rows.ts'
import { isStorageSuspect } from '../repair/loss-state.ts'
import { callPort, IndexPort, LogPort, Platform, SignerPort } from '../services.ts'
import { subscribed } from '../subscribed.ts'

export interface SyncStateShape {
  readonly status: SyncStatusSource
  readonly refused: {
    /** Oldest first. The same array while nothing changed. */
    readonly current: readonly RefusedChange[]
    /** @returns unsubscribe */
    subscribe(listener: () => void): () => void
  }
}

export class SyncState extends Context.Tag('@rockpool/core/SyncState')<SyncState, SyncStateShape>() {}

export const SyncStateLive = Layer.scoped(
  SyncState,
  Effect.gen(function* () {
    const index = yield* IndexPort
    const log = yield* LogPort
    const { status: signer } = yield* SignerPort
    const { page } = yield* Platform
    const device = yield* Device
    const emitter = yield* PoolEmitter
    const rows = yield* RefusedRows

    const toChange = (row: RefusedRow): RefusedChange => {
      const { args } = row.event
      const file = 'id' in args ? log.file(args.id) : log.filesWithContent(args.remoteKey)[0]
      return refusedChange(row, file)
    }
    let refused: readonly RefusedChange[] = rows.all().map((row) => toChange(row))
    let refusedStatus = statusOfRefused(refused)
    const refusedListeners = makeListeners<void>()

    let isSuspect = false

    const now = (): SyncStatus =>
      syncStatusOf({
        hasNetwork: page.isOnline(),
        log: log.sync?.current ?? CONNECTED,
        refused: refusedStatus,
        signer: signer?.current ?? CONNECTED,
        isStorageSuspect: isSuspect,
        transfersWait: device.transfers.size > 0,
      })
    const source = makeSyncStatusSource(now())
    const listeners = makeListeners<SyncStatus>()
    source.subscribe((status) => {
      listeners.emit(status)
      // Each refused change already emits its own error.
      if (status === refusedStatus || (status.state !== 'refused' && status.state !== 'stuck')) return
      const { code, message } = status.reason
      const error = new RockpoolError(SYNC_ERROR_CODES[code], message)
      emitter.emit({ event: 'error', detail: { error, sync: status } })
    })
    const look = () => source.set(now())

    const suspectsChanged = yield* Queue.sliding<void>(1)
    const lookAtSuspects = Effect.gen(function* () {
      yield* Queue.take(suspectsChanged)
      isSuspect = isStorageSuspect(yield* callPort(() => index.getAll('suspects')))
      look()
    }).pipe(
      // The rows are read with the next change.
      Effect.catchAll((error) => Effect.logWarning('The suspected losses could not be read', error)),
    )
    yield* Effect.forkScoped(Effect.forever(lookAtSuspects))

    const lookAtRefused = () => {
      const known = new Map(refused.map((change) => [change.id, change]))
      refused = rows.all().map((row) => known.get(row.event.opId) ?? toChange(row))
      refusedStatus = statusOfRefused(refused)
      refusedListeners.emit()
      look()
      for (const change of refused) {
        if (known.has(change.id)) continue
        const { file } = change
        emitter.emit({
          event: 'error',
          detail: { error: errorOfRefused(change), ...(file && { file }), refused: change },
        })
      }
    }
    yield* subscribed(() => [
      rows.subscribe(lookAtRefused),
      index.subscribe((keys) => {
        if (keys.some(({ table }) => table === 'suspects')) suspectsChanged.unsafeOffer(undefined)
      }),
      ...[log.sync, signer, page, device].flatMap((part) => (part ? [part.subscribe(look)] : [])),
    ])
    suspectsChanged.unsafeOffer(undefined)
    return {
      status: {
        get current() {
          return source.current
        },
        subscribe: listeners.add,
      },
      refused: {
        get current() {
          return refused
        },
        subscribe: refusedListeners.add,
      },
    }
  }),
)
