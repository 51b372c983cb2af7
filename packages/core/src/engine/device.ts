/**
 * The device's state in memory: the rows of `contents` and `transfers`, and the transfers under way. Updated by the writes
 * of all tabs. A change costs the same with 10 or 10,000 files.
 */
import { addressOfKey, type ContentAddress, type RemoteKey, type RockpoolError } from '@rockpool/protocol'
import { Context, Effect, FiberMap, Layer, Queue } from 'effect'
import { readsOf } from '../ports/apply-steps.ts'
import type { ContentRow, IndexKey, IndexStep, TransferDirection, TransferRow } from '../ports/local-index.ts'
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
import { callPort, IndexPort, Platform, Settings } from './services.ts'
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
   * Whether this device has verified that object storage has the content under this key. Decisions about bytes and uploads
   * use this, never the log: anyone who may write can append `ContentStored`.
   */
  readonly isStored: (key: RemoteKey) => boolean
  /** Calls `listener` with what changed, after the change. @returns unsubscribe */
  readonly subscribe: (listener: (changed: DeviceChange) => void) => () => void
  /** Writes to the index; the state shows the change when this ends. */
  readonly write: (steps: readonly IndexStep[], epoch?: number) => Effect.Effect<void, RockpoolError>
  /** Reads all rows again. A tab that ends right after a write notifies no other tab of the rows that it wrote. */
  readonly reload: Effect.Effect<void, RockpoolError>
  /** Calls `listener` after a download completed, in any tab or the service worker. @returns unsubscribe */
  readonly onDownloaded: (listener: (key: RemoteKey) => void) => () => void
  /** Notifies every tab of a completed download. Call it after the index has the content. */
  readonly announceDownload: (key: RemoteKey) => void
  /** Publishes the progress of a transfer of this tab to every tab. */
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
    const setContentRow = (address: string, row: ContentRow | undefined) =>
      row ? keep(row) : contents.delete(address as ContentAddress)

    /** Rows to read again after writes. Several writes of a row cost one read. */
    const stale = { contents: new Set<string>(), transfers: new Set<string>(), engine: new Set<string>() }
    const markStale = (keys: readonly IndexKey[]) => {
      for (const { table, key } of keys) if (Object.hasOwn(stale, table)) stale[table as keyof typeof stale].add(key)
    }
    /** The index may lack a row that is here: its writer died without a notice, or the browser cleared it. No write changes such a row. */
    const knownTransfersOf = (steps: readonly IndexStep[]) =>
      readsOf(steps).keys.filter(({ table, key }) => table === 'transfers' && transfers.has(key))
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
          const rows = yield* callPort(() => index.getMany('contents', addresses))
          for (const [i, row] of rows.entries()) setContentRow(addresses[i]!, row)
        }
        if (ids.length > 0) {
          const rows = yield* callPort(() => index.getMany('transfers', ids))
          for (const [i, row] of rows.entries()) keepTransferRow(ids[i]!, row)
        }
      }).pipe(Effect.onError(() => again))
      listeners.emit('rows')
    })
    // One at a time, so that an older read never overwrites a newer one.
    const oneAtATime = yield* Effect.makeSemaphore(1)
    const refresh = readStale.pipe(
      oneAtATime.withPermits(1),
      // The write itself succeeded. The next change reads the rows again.
      Effect.catchAll((error) => Effect.logWarning('The index could not be read', error)),
    )

    // Subscribed before the first read: otherwise a write of another tab in between would be missed.
    const written = yield* Queue.sliding<void>(1)
    yield* subscribed(() =>
      index.subscribe((keys) => {
        markStale(keys)
        written.unsafeOffer(undefined)
      }),
    )
    const reload = Effect.gen(function* () {
      const contentRows = yield* callPort(() => index.getAll('contents'))
      const transferRows = yield* callPort(() => index.getAll('transfers'))
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
    const setActivity = ({ remoteKey, activity }: ActivityMessage) => {
      if (!activity) return forget(remoteKey)
      activities.set(remoteKey, activity)
      // Replaces the running timer of this key.
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
      setActivity(data)
      if (data.downloaded) arrived.unsafeOffer(data.remoteKey)
    }
    // The message may arrive before the index notification of the other tab: read the row before notifying listeners.
    const announceDownloads = Effect.gen(function* () {
      const key = yield* Queue.take(arrived)
      markStale([{ table: 'contents', key: addressOfKey(key) }])
      yield* refresh
      downloads.emit(key)
    })
    yield* Effect.forkScoped(Effect.forever(announceDownloads))

    return {
      contents,
      transfers,
      activity: (key) => activities.get(key),
      transfer: (direction, key) => transfers.get(transferId(direction, key)),
      has: (key) => contents.has(addressOfKey(key)),
      isStored: (key) => contents.get(addressOfKey(key))?.storedAs?.includes(key) === true,
      subscribe: listeners.add,
      write: (steps, epoch) =>
        callPort(() => index.write(steps, epoch === undefined ? {} : { epoch })).pipe(
          Effect.tap((changed) => Effect.sync(() => markStale([...changed, ...knownTransfersOf(steps)]))),
          Effect.andThen(refresh),
        ),
      reload,
      onDownloaded: downloads.add,
      announceDownload(key) {
        const message: ActivityMessage = { remoteKey: key, activity: null, downloaded: true }
        setActivity(message)
        channel.postMessage(message)
        downloads.emit(key)
      },
      report: (key, direction, total) => {
        const emit = (message: ActivityMessage) => {
          setActivity(message)
          channel.postMessage(message)
        }
        return reportActivity(emit, key, direction, total, platform.clock)
      },
    }
  }),
)
