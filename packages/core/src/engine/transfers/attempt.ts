/** One attempt at a transfer, and its outcome for the queue. */
import { addressOfKey, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { change, type TransferRow } from '../../ports/local-index.ts'
import type { ConnectionBudget } from './connection-budget.ts'
import { Connections } from './connections.ts'
import { MAX_PIECES } from './piece-window.ts'
import { uploadStarted } from '../rows.ts'
import { recordStored } from './record-stored.ts'
import { upload } from './upload.ts'
import { recordFailures } from './record-failures.ts'
import { sentRow } from './transfer-row.ts'
import { changedOnDisk } from './verified-part.ts'
import { Device } from '../device.ts'
import { askSigner } from '../ask-signer.ts'
import { quarantine } from '../files/quarantine.ts'
import { downloadToDisk } from '../files/read.ts'
import { suspectLoss } from '../repair/loss.ts'
import { asRockpoolError, BlobPort, callPort, IndexPort, Platform, Settings, SignerPort } from '../services.ts'

/** An attempt that moves no byte for this time is stopped (peer failure 16). */
const STALL_MS = 30_000

/**
 * Runs one attempt. Records a failure or defect in the transfer's row, for the next attempt or for a person. Fails when
 * the row cannot be written.
 */
export const attempt = (row: TransferRow, epoch: number) =>
  (row.direction === 'upload' ? attemptUpload(row, epoch) : attemptDownload(row)).pipe(
    Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))),
    Effect.catchAll((error) => recordFailures([{ row, error }], epoch)),
  )

/** Only pins queue downloads; a reader starts its own. */
const attemptDownload = ({ remoteKey, size }: TransferRow) =>
  Effect.gen(function* () {
    const budget = yield* Connections
    const { partSize } = (yield* Platform).hashing
    const need = {
      kind: size > partSize ? 'part' : 'file',
      bytes: Math.min(size, MAX_PIECES * partSize),
    } as const
    let release = () => {}
    // `callPort` waits for its work, so a connection acquired during an interruption is released, too.
    const acquire = callPort(async (signal) => void (release = await budget.acquire(need, signal)))
    const work = downloadToDisk(remoteKey, size, { pinned: true, onProgress: undefined })
    yield* Effect.andThen(acquire, work).pipe(Effect.ensuring(Effect.sync(() => release())))
  })

const attemptUpload = (row: TransferRow, epoch: number) =>
  Effect.gen(function* () {
    const { remoteKey, type } = row
    const address = addressOfKey(remoteKey)
    const index = yield* IndexPort
    const blobs = yield* BlobPort
    const device = yield* Device
    const { hashing } = yield* Platform
    const budget = yield* Connections
    const signer = yield* SignerPort
    const { send } = yield* Settings
    const content = yield* callPort(() => index.get('contents', address))
    const blob = yield* callPort(() => blobs.open(address))
    if (!content || !blob) return yield* withoutBytes(row, epoch)
    const { size, digests } = content

    const noted = (begun: Pick<TransferRow, 'uploadId'> | Pick<TransferRow, 'sent'>) =>
      change('transfers', row.id, (current) => (current ? { ...current, ...begun } : current))
    const uploadId = row.uploadId ?? content.uploadIds?.[remoteKey]
    const report = device.report(remoteKey, 'upload', size)
    yield* Effect.gen(function* () {
      const end = yield* withoutStall((alive, waiting) =>
        callPort((signal) =>
          upload(
            { signer, send, hashing, budget: waiting(budget) },
            { remoteKey, type, blob, size, digests, uploadId, sent: row.sent },
            {
              signal,
              onProgress(bytes) {
                alive()
                report.progress(bytes, size)
              },
              async onStarted(started) {
                await index.write([noted({ uploadId: started }), uploadStarted(remoteKey, started)], { epoch })
              },
              async onSending() {
                await index.write([noted({ sent: true })], { epoch })
              },
            },
          ),
        ),
      )
      if (end.status === 'stored') return yield* recordStored([{ row, stored: end }], epoch)
      yield* device.write([change('transfers', row.id, (current) => current && sentRow(current))], epoch)
      // After the row is updated: a subscriber must not see the upload waiting in between.
    }).pipe(
      Effect.ensuring(Effect.sync(report.end)),
      Effect.tapError((error) => (error.code === 'corrupt' ? moveAside(remoteKey) : Effect.void)),
    )
  })

/** An upload without bytes on this disk. It ends when object storage has the content from elsewhere, else a person must know. */
const withoutBytes = (row: TransferRow, epoch: number) =>
  Effect.gen(function* () {
    const { remoteKey } = row
    const blobs = yield* BlobPort
    const device = yield* Device
    // The index must not list content that is gone.
    if (device.has(remoteKey)) yield* moveAside(remoteKey)
    const check = { key: remoteKey, check: true }
    // The log says stored and the signer misses it: a device that has the bytes uploads them only after the loss is known.
    const asked = askSigner((signer, signal) => signer.downloadUrl(check, signal)).pipe(suspectLoss(remoteKey))
    const found = yield* Effect.either(asked)
    if (found._tag === 'Right') return yield* recordStored([{ row, stored: found.right }], epoch)
    if (found.left.code !== 'not_found') return yield* Effect.fail(found.left)
    const isDamaged = yield* callPort(() => blobs.isQuarantined(addressOfKey(remoteKey)))
    return yield* Effect.fail(isDamaged ? changedOnDisk() : gone())
  })

/** Fails with an error that is retried within seconds when another tab has stored the bytes again. */
const moveAside = (key: RemoteKey) =>
  Effect.flatMap(quarantine(addressOfKey(key), [key]), (left) =>
    left === 'intact' ? Effect.fail(storedAgain()) : Effect.void,
  )

type Budget = Pick<ConnectionBudget, 'acquire'>

/**
 * Fails with `storage_unavailable` when `alive` was not called for 30 s. Time spent waiting for a connection of the
 * `waiting` budget does not count.
 */
const withoutStall = <A, R>(
  work: (alive: () => void, waiting: (budget: Budget) => Budget) => Effect.Effect<A, RockpoolError, R>,
): Effect.Effect<A, RockpoolError, R> =>
  Effect.suspend(() => {
    let progressed = true
    let waits = 0
    let connections = 0
    const alive = () => {
      progressed = true
    }
    const waiting = (budget: Budget): Budget => ({
      async acquire(need, signal) {
        waits++
        try {
          const release = await budget.acquire(need, signal)
          connections++
          return () => {
            connections--
            release()
          }
        } finally {
          waits--
          alive()
        }
      },
    })
    const watch: Effect.Effect<never, RockpoolError> = Effect.gen(function* () {
      while (progressed || (waits > 0 && connections === 0)) {
        progressed = false
        yield* Effect.sleep(STALL_MS)
      }
      return yield* Effect.fail(stalled())
    })
    return Effect.raceFirst(work(alive, waiting), watch)
  })

const storedAgain = (): RockpoolError =>
  new RockpoolError('disk_failed', 'This file was stored again while its upload read it. The upload is retried.')

const gone = (): RockpoolError =>
  new RockpoolError(
    'not_found',
    'The bytes of this file are no longer on this disk, so they cannot be uploaded. Add the file again.',
  )

const stalled = (): RockpoolError =>
  new RockpoolError('storage_unavailable', 'No data moved for 30 seconds. The transfer is retried.')
