/**
 * What this tab knows of the device without asking the disk: the rows of `contents` and `transfers`, kept in memory and
 * up to date with every tab's writes, and the transfers under way. A change costs the same with 10 or 10,000 files.
 */
import { addressOfKey, type ContentAddress, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Context, Effect, FiberMap, Layer, Queue, Stream } from 'effect'
import type { ContentRow, IndexChange, IndexKey, TransferDirection, TransferRow } from '../ports/index-port.ts'
import {
  ACTIVITY_LIFETIME_MS,
  type Activity,
  activityChannel,
  type ActivityMessage,
  type ActivityReport,
  reportActivity,
} from '../transfers/activity.ts'
import { makeListeners } from './listeners.ts'
import { call, IndexPort, Settings } from './services.ts'

/** A row of `contents` without its digests: these are up to 320 kB and are read when an upload needs them. */
export type DeviceContent = Omit<ContentRow, 'digests'>

export interface DeviceState {
  readonly contents: ReadonlyMap<ContentAddress, DeviceContent>
  readonly transfers: ReadonlyMap<string, TransferRow>
  readonly activity: (key: RemoteKey) => Activity | undefined
  readonly transfer: (direction: TransferDirection, key: RemoteKey) => TransferRow | undefined
  /** whether the whole content is on this disk */
  readonly has: (key: RemoteKey) => boolean
  /** Calls `listener` after any of the above changed. @returns unsubscribe */
  readonly subscribe: (listener: () => void) => () => void
  /** Writes to the index; the state shows the change when this ends. */
  readonly write: (changes: readonly IndexChange[], epoch?: number) => Effect.Effect<void, RockpoolError>
  /** Tells every tab of a transfer that this one runs. */
  readonly report: (key: RemoteKey, direction: TransferDirection, total: number) => ActivityReport
}

export class Device extends Context.Tag('@rockpool/core/Device')<Device, DeviceState>() {}

export const transferId = (direction: TransferDirection, key: RemoteKey): string => `${direction}:${key}`

export const DeviceLive = Layer.scoped(
  Device,
  Effect.gen(function* () {
    const index = yield* IndexPort
    const { scope } = yield* Settings
    const contents = new Map<ContentAddress, DeviceContent>()
    const transfers = new Map<string, TransferRow>()
    const activities = new Map<RemoteKey, Activity>()
    const listeners = makeListeners<void>()

    const keep = ({ digests: _, ...content }: ContentRow) => contents.set(content.address, content)
    const readAgain = ({ table, key }: IndexKey) =>
      Effect.gen(function* () {
        if (table === 'contents') {
          const row = yield* call(() => index.get('contents', key))
          if (row) keep(row)
          else contents.delete(key as ContentAddress)
        } else if (table === 'transfers') {
          const row = yield* call(() => index.get('transfers', key))
          if (row) transfers.set(key, row)
          else transfers.delete(key)
        }
      })
    // One at a time, so that an older answer never overwrites a newer one.
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const refresh = (keys: readonly IndexKey[]) => {
      const shown = keys.filter(({ table }) => table === 'contents' || table === 'transfers' || table === 'engine')
      if (shown.length === 0) return Effect.void
      return Effect.forEach(shown, readAgain, { discard: true }).pipe(
        Effect.andThen(Effect.sync(() => listeners.tell())),
        oneAtATime.withPermits(1),
      )
    }

    // Listening before the first read, so that no write of another tab falls between the two.
    const written = yield* Queue.unbounded<readonly IndexKey[]>()
    yield* Effect.acquireRelease(
      Effect.sync(() => index.subscribe((keys) => void written.unsafeOffer(keys))),
      (unsubscribe) => Effect.sync(unsubscribe),
    )
    for (const row of yield* call(() => index.getAll('contents'))) keep(row)
    for (const row of yield* call(() => index.getAll('transfers'))) transfers.set(row.id, row)
    yield* Stream.fromQueue(written).pipe(
      Stream.runForEach((keys) =>
        refresh(keys).pipe(Effect.catchAll((error) => Effect.logWarning('The index could not be read', error))),
      ),
      Effect.forkScoped,
    )

    const later = yield* FiberMap.makeRuntime<never, RemoteKey>()
    const forget = (key: RemoteKey) => {
      if (activities.delete(key)) listeners.tell()
    }
    const note = ({ remoteKey, activity }: ActivityMessage) => {
      if (!activity) return forget(remoteKey)
      activities.set(remoteKey, activity)
      // Takes the place of the timer that runs for this key.
      later(remoteKey, Effect.sync(() => forget(remoteKey)).pipe(Effect.delay(ACTIVITY_LIFETIME_MS)))
      listeners.tell()
    }
    const channel = yield* Effect.acquireRelease(
      Effect.sync(() => activityChannel(scope)),
      (open) => Effect.sync(() => open.close()),
    )
    channel.onmessage = (event: MessageEvent<ActivityMessage>) => note(event.data)

    return {
      contents,
      transfers,
      activity: (key) => activities.get(key),
      transfer: (direction, key) => transfers.get(transferId(direction, key)),
      has: (key) => contents.has(addressOfKey(key)),
      subscribe: listeners.add,
      write: (rows, epoch) =>
        call(() => index.write(rows, epoch === undefined ? {} : { epoch })).pipe(Effect.andThen(refresh(rows))),
      report: (key, direction, total) => {
        const tell = (message: ActivityMessage) => {
          note(message)
          channel.postMessage(message)
        }
        return reportActivity(tell, key, direction, total)
      },
    }
  }),
)
