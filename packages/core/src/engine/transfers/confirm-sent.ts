/**
 * Confirms sent uploads with the signer. Only the signer's own HEAD proves that an upload is stored: the response to a PUT
 * may come from a sign-in page, a filter or a proxy.
 */
import { type BatchItem, RockpoolError, type Stored, type UploadUrl } from '@rockpool/protocol'
import { Clock, Effect, Queue } from 'effect'
import type { TransferRow } from '../../ports/local-index.ts'
import { Device } from '../device.ts'
import { askSigner } from '../ask-signer.ts'
import { asRockpoolError, callPort, IndexPort, Platform } from '../services.ts'
import { nextCheck } from './next-check.ts'
import { type FailedTransfer, recordFailures } from './record-failures.ts'
import { recordStored, type StoredUpload } from './record-stored.ts'
import { subscribed } from '../subscribed.ts'

/**
 * Checks `sent` uploads in batches, those of an earlier session first. An upload that the signer does not find is sent
 * again after a wait. Runs in the leader. Never ends.
 */
export const confirmSent = (epoch: number) =>
  Effect.gen(function* () {
    const device = yield* Device
    const { hashing } = yield* Platform
    const wake = yield* Queue.sliding<void>(1)
    yield* subscribed(() => device.subscribe((what) => void (what === 'rows' && wake.unsafeOffer(undefined))))
    let gatheredFrom: number | undefined
    while (true) {
      const now = yield* monotonicMs
      const plan = nextCheck(device.transfers.values(), now - (gatheredFrom ?? now), hashing.partSize)
      if (plan.kind === 'gather') {
        gatheredFrom ??= now
        yield* Effect.race(Queue.take(wake), Effect.sleep(plan.ms))
        continue
      }
      gatheredFrom = undefined
      if (plan.kind === 'check') yield* check(plan.rows, epoch)
      yield* Queue.take(wake)
    }
  }).pipe(Effect.scoped)

const monotonicMs = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

const check = (known: readonly TransferRow[], epoch: number) =>
  Effect.gen(function* () {
    const index = yield* IndexPort
    // Read again: the rows may have changed since this tab was notified.
    const read = yield* callPort(() =>
      index.getMany(
        'transfers',
        known.map(({ id }) => id),
      ),
    )
    const rows = read.filter((row) => row?.state === 'sent') as TransferRow[]
    if (rows.length === 0) return
    const items = rows.map(({ remoteKey, size, type }) => ({ key: remoteKey, size, type, sent: true }))
    const answer = yield* Effect.either(askSigner((signer, signal) => signer.uploadUrls({ items }, signal)))
    const stored: StoredUpload[] = []
    const failed: FailedTransfer[] = []
    for (const [i, row] of rows.entries()) {
      const result = answer._tag === 'Left' ? answer.left : resultOf(answer.right.items[i]!)
      if ('status' in result) stored.push({ row, stored: result })
      else failed.push({ row, error: result })
    }
    if (stored.length > 0) yield* recordStored(stored, epoch)
    if (failed.length > 0) yield* recordFailures(failed, epoch)
  }).pipe(Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))))

const resultOf = (item: BatchItem<UploadUrl>): Stored | RockpoolError => {
  if ('error' in item) return new RockpoolError(item.error.code, item.error.message)
  return item.status === 'stored' ? item : notThere()
}

const notThere = (): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    'Something between this device and the object store accepted this file, but the object store does not have it. ' +
      'A sign-in page, a filter or a proxy may be in between. The upload is retried.',
  )
