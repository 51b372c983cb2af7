/** Disk usage of this store, and pins. */
import { addressOfKey, type ContentAddress } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import type { StorageReport } from '../../pool.ts'
import { decision, put, remove } from '../../ports/local-index.ts'
import { contentOfEvent } from '../../records/content-of-event.ts'
import { Device } from '../device.ts'
import { reconcileKeys } from '../repair/reconcile-keys.ts'
import { liveFile } from './edit.ts'
import { queued } from '../transfers/enqueue.ts'
import { transferId } from '../transfers/transfer-row.ts'
import { RefusedRows } from '../log/refused-rows.ts'
import { BlobPort, callPort, LogPort, Platform } from '../services.ts'

/** Keeps the file on this device, including later content; the queue downloads what is missing. */
export const pin = (id: string) =>
  Effect.gen(function* () {
    const device = yield* Device
    const file = yield* liveFile(id)
    const now = yield* Clock.currentTimeMillis
    const content = addressOfKey(file.remoteKey)
    const download = transferId('download', file.remoteKey)
    yield* device.write([
      put('pins', { id, pinnedAt: now }),
      // A person who pins a file that is not uploaded yet sees why it does not come.
      decision(
        [
          { table: 'contents', key: content },
          { table: 'transfers', key: download },
        ],
        (rows) => (rows.get('contents', content) ? [] : [queued('download', file, now)]),
      ),
      ...(yield* reconcileKeys([file.remoteKey], { occasion: 'file' })),
    ])
  })

export const unpin = (id: string) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { remoteKey } = yield* liveFile(id)
    yield* device.write([remove('pins', id), ...(yield* reconcileKeys([remoteKey], { occasion: 'file' }))])
  })

export const storageReport = Effect.gen(function* () {
  const blobs = yield* BlobPort
  const device = yield* Device
  const log = yield* LogPort
  const refused = yield* RefusedRows
  const { used, quota } = yield* callPort(() => blobs.usage())
  const persisted = yield* callPort((yield* Platform).isPersisted)

  const onlyHere = new Set<ContentAddress>()
  const named = new Set<ContentAddress>()
  for (const { remoteKey } of log.list({ limit: Number.MAX_SAFE_INTEGER })) {
    named.add(addressOfKey(remoteKey))
    if (!device.isStored(remoteKey)) onlyHere.add(addressOfKey(remoteKey))
  }
  // A refused change may be retried: its content must stay on this device.
  for (const { event } of refused.all()) {
    const key = contentOfEvent(event)
    if (key !== undefined) onlyHere.add(addressOfKey(key))
  }
  let evictable = 0
  let pinned = 0
  let localOnly = 0
  for (const { address, size, pinned: isPinned, storedAs = [] } of device.contents.values()) {
    if (onlyHere.has(address) || storedAs.length === 0) localOnly += size
    if (isPinned) pinned += size
    else if (named.has(address) && !onlyHere.has(address)) evictable += size
  }
  return { used, quota, persisted, evictable, pinned, localOnly } satisfies StorageReport
})
