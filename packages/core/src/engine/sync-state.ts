/** The state of sync as the app sees it, and the error that is emitted when a person or the developer must act. */
import { RockpoolError } from '@rockpool/protocol'
import { Context, Effect, Layer } from 'effect'
import { SYNC_ERROR_CODES, syncStatusOf } from '../sync/combine.ts'
import { makeSyncStatusSource } from '../sync/make-source.ts'
import { CONNECTED, type SyncStatus, type SyncStatusSource } from '../sync/sync-status.ts'
import { Device } from './device.ts'
import { makeListeners } from './listeners.ts'
import { PoolEmitter } from './pool-emitter.ts'
import { PageState } from './page-state.ts'
import { LogPort, SignerPort } from './services.ts'

export class SyncState extends Context.Tag('@rockpool/core/SyncState')<SyncState, SyncStatusSource>() {}

export const SyncStateLive = Layer.scoped(
  SyncState,
  Effect.gen(function* () {
    const { sync: log } = yield* LogPort
    const { status: signer } = yield* SignerPort
    const page = yield* PageState
    const device = yield* Device
    const emitter = yield* PoolEmitter

    const now = (): SyncStatus =>
      syncStatusOf({
        hasNetwork: page.online(),
        log: log?.current ?? CONNECTED,
        signer: signer?.current ?? CONNECTED,
        transfersWait: device.transfers.size > 0,
      })
    const source = makeSyncStatusSource(now())
    const listeners = makeListeners<SyncStatus>()
    source.subscribe((status) => {
      listeners.emit(status)
      if (status.state !== 'refused' && status.state !== 'stuck') return
      const { code, message } = status.reason
      const error = new RockpoolError(SYNC_ERROR_CODES[code], message)
      emitter.emit({ event: 'error', detail: { error, sync: status } })
    })
    const look = () => source.set(now())
    yield* Effect.acquireRelease(
      Effect.sync(() => [log, signer, page, device].flatMap((part) => (part ? [part.subscribe(look)] : []))),
      (unsubscribes) => Effect.sync(() => unsubscribes.forEach((unsubscribe) => unsubscribe())),
    )
    return {
      get current() {
        return source.current
      },
      subscribe: listeners.add,
    }
  }),
)
