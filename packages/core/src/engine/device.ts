/**
 * What this tab knows of the device without asking the disk: the rows of `contents` and `transfers`, kept in memory and
 * up to date with every tab's writes, and the transfers under way. A change costs the same with 10 or 10,000 files.
 */
import { addressOfKey, type ContentAddress, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Context, Effect, FiberMap, Layer, Queue } from 'effect'
import type { ContentRow, IndexKey, IndexStep, TransferDirection, TransferRow } from '../ports/index-port.ts'
import {
  ACTIVITY_LIFETIME_MS,
  type Activity,
  activityChannel,
  type ActivityMessage,
  type ActivityReport,
  reportActivity,
} from './transfers/activity.ts'
import { transferId } from './transfers/transfer-row.ts'
import { makeListeners } from '../listeners.ts'
import { call, IndexPort, Platform, Settings } from './services.ts'
import { untilRunning } from './until-running.ts'
import { subscribed } from './subscribed.ts'

/** A row of `contents` without its digests: these are up to 320 kB and are read when an upload needs them. */
export type DeviceContent = Omit<ContentRow, 'digests'>

export type DeviceChange = 'rows' | 'activity'

export interface DeviceState {
  readonly contents: ReadonlyMap<ContentAddress, DeviceContent>
  readonly transfers: ReadonlyMap<string, TransferRow>
  readonly activity: (key: RemoteKey) => Activity | undefined
  readonly transfer: (direction: TransferDirection, key: RemoteKey) => TransferRow | undefined
  /** whether the whole content is on this disk */
  readonly has: (key: RemoteKey) => boolean
  /**
   * Whether object storage has the content under this key, as this device has found out itself. What decides about bytes
   * and uploads asks here, never the log: anyone who may write can append `ContentStored`.
   */
  readonly isStored: (key: RemoteKey) => boolean
  /** Calls `listener` after any of the above changed, and says which. @returns unsubscribe */
  readonly subscribe: (listener: (changed: DeviceChange) => void) => () => void
  /** Writes to the index; the state shows the change when this ends. */
  readonly write: (steps: readonly IndexStep[], epoch?: number) => Effect.Effect<void, RockpoolError>
  /** Reads all rows again. A tab that ends right after a write notifies no other tab of the rows that it wrote. */
  readonly reload: Effect.Effect<void, RockpoolError>
  /** Calls `listener` after a download of this tab, another one or the service worker brought a content. @returns unsubscribe */
  readonly onDownloaded: (listener: (key: RemoteKey) => void) => () => void
  /** Tells every tab that a download has brought the content, which the index has by now. */
  readonly announceDownload: (key: RemoteKey) => void
  /** Tells every tab of a transfer that this one runs. */
  readonly report: (key: RemoteKey, direction: TransferDirection, total: number) => ActivityReport
}

export class Device extends Context.Tag('@rockpool/core/Device')<Device, DeviceState>() {}

export const DeviceLive = Layer.scoped(
  Device,
  Effect.gen(function* () {
    const index = yield* IndexPort
    const platform = yield* Platform
    const { scope } = yield* Settings
    const contents = new Map<ContentAddress, DeviceContent>()
    const transfers = new Map<string, TransferRow>()
    const activities = new Map<RemoteKey, Activity>()
    const listeners = makeListeners<DeviceChange>()

    const keep = ({ digests: _, ...content }: ContentRow) => contents.set(content.address, content)
    const keepTransferRow = (id: string, row: TransferRow | undefined) =>
      row ? transfers.set(id, row) : transfers.delete(id)
    const keepContentRow = (address: string, row: ContentRow | undefined) =>
      row ? keep(row) : contents.delete(address as ContentAddress)

    /** Rows that were written and are not read yet. Each is read once, however many writes changed it. */
    const stale = { contents: new Set<string>(), transfers: new Set<string>(), engine: new Set<string>() }
    const markStale = (keys: readonly IndexKey[]) => {
      for (const { table, key } of keys) if (Object.hasOwn(stale, table)) stale[table as keyof typeof stale].add(key)
    }
    const readStale = Effect.gen(function* () {
      const [addresses, ids, engineIds] = [[...stale.contents], [...stale.transfers], [...stale.engine]]
      if (addresses.length + ids.length + engineIds.length === 0) return
      for (const keys of Object.values(stale)) keys.clear()
      const again = Effect.sync(() => {
        for (const address of addresses) stale.contents.add(address)
        for (const id of ids) stale.transfers.add(id)
        for (const id of engineIds) stale.engine.add(id)
      })
      yield* Effect.gen(function* () {
        if (addresses.length > 0) {
          const rows = yield* call(() => index.getMany('contents', addresses))
          for (const [i, row] of rows.entries()) keepContentRow(addresses[i]!, row)
        }
        if (ids.length > 0) {
          const rows = yield* call(() => index.getMany('transfers', ids))
          for (const [i, row] of rows.entries()) keepTransferRow(ids[i]!, row)
        }
      }).pipe(Effect.onError(() => again))
      listeners.emit('rows')
    })
    // One at a time, so that an older read never overwrites a newer one.
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const refresh = readStale.pipe(
      oneAtATime.withPermits(1),
      // What was written is written. The rows are read with the next change.
      Effect.catchAll((error) => Effect.logWarning('The index could not be read', error)),
    )

    // Listening before the first read, so that no write of another tab falls between the two.
    const written = yield* Queue.sliding<void>(1)
    yield* subscribed(() =>
      index.subscribe((keys) => {
        markStale(keys)
        written.unsafeOffer(undefined)
      }),
    )
    const reload = Effect.gen(function* () {
      const contentRows = yield* call(() => index.getAll('contents'))
      const transferRows = yield* call(() => index.getAll('transfers'))
      contents.clear()
      transfers.clear()
      for (const row of contentRows) keep(row)
      for (const row of transferRows) transfers.set(row.id, row)
      listeners.emit('rows')
    }).pipe(oneAtATime.withPermits(1))
    yield* reload
    yield* Effect.forkScoped(
      Effect.forever(Queue.take(written).pipe(Effect.andThen(untilRunning), Effect.andThen(refresh))),
    )

    const later = yield* FiberMap.makeRuntime<never, RemoteKey>()
    const forget = (key: RemoteKey) => {
      if (activities.delete(key)) listeners.emit('activity')
    }
    const note = ({ remoteKey, activity }: ActivityMessage) => {
      if (!activity) return forget(remoteKey)
      activities.set(remoteKey, activity)
      // Takes the place of the timer that runs for this key.
      later(remoteKey, Effect.sync(() => forget(remoteKey)).pipe(Effect.delay(ACTIVITY_LIFETIME_MS)))
      listeners.emit('activity')
    }
    const channel = yield* Effect.acquireRelease(
      Effect.sync(() => activityChannel(scope, platform)),
      (open) => Effect.sync(() => open.close()),
    )
    const downloads = makeListeners<RemoteKey>()
    const arrived = yield* Queue.unbounded<RemoteKey>()
    channel.onmessage = ({ data }: MessageEvent<ActivityMessage>) => {
      note(data)
      if (data.downloaded) arrived.unsafeOffer(data.remoteKey)
    }
    // The message of another tab may come before that of its index: whoever is told must find the content here.
    const announceArrivals = Effect.gen(function* () {
      const key = yield* Queue.take(arrived)
      markStale([{ table: 'contents', key: addressOfKey(key) }])
      yield* refresh
      downloads.emit(key)
    })
    yield* Effect.forkScoped(Effect.forever(announceArrivals))

    return {
      contents,
      transfers,
      activity: (key) => activities.get(key),
      transfer: (direction, key) => transfers.get(transferId(direction, key)),
      has: (key) => contents.has(addressOfKey(key)),
      isStored: (key) => contents.get(addressOfKey(key))?.storedAs?.includes(key) === true,
      subscribe: listeners.add,
      write: (steps, epoch) =>
        call(() => index.write(steps, epoch === undefined ? {} : { epoch })).pipe(
          Effect.tap((changed) => Effect.sync(() => markStale(changed))),
          Effect.andThen(refresh),
        ),
      reload,
      onDownloaded: downloads.add,
      announceDownload(key) {
        const message: ActivityMessage = { remoteKey: key, activity: null, downloaded: true }
        note(message)
        channel.postMessage(message)
        downloads.emit(key)
      },
      report: (key, direction, total) => {
        const emit = (message: ActivityMessage) => {
          note(message)
          channel.postMessage(message)
        }
        return reportActivity(emit, key, direction, total, platform.clock)
      },
    }
  }),
)
