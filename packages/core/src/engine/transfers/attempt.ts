/** One attempt at a transfer, and what its end means for the queue. */
import { addressOfKey, RockpoolError } from '@rockpool/protocol'
import { Clock, Effect } from 'effect'
import { change, remove as removeRow, type TransferRow } from '../../ports/index-port.ts'
import { storedAs } from './content-row.ts'
import { upload } from './upload.ts'
import { failedRow } from './transfer-row.ts'
import { Device } from '../device.ts'
import { emit } from '../pool-emitter.ts'
import { commit } from '../log/group-commit.ts'
import { downloadToDisk } from '../files/read.ts'
import { asRockpoolError, BlobPort, call, IndexPort, LogPort, Platform, Settings, SignerPort } from '../services.ts'

/** No byte for so long: the connection is given up (peer failure 16). */
const STALL_MS = 30_000

/**
 * Runs one attempt. A failure, a defect too, is noted in the transfer's row, for its next attempt or for a person. Fails
 * when even that cannot be written.
 */
export const attempt = (row: TransferRow, epoch: number) =>
  (row.direction === 'upload' ? attemptUpload(row, epoch) : attemptDownload(row)).pipe(
    Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))),
    Effect.catchAll((error) => noteFailure(row, error, epoch)),
  )

/** Downloads are queued for pins only; a reader downloads for itself. */
const attemptDownload = ({ remoteKey, size }: TransferRow) =>
  downloadToDisk(remoteKey, size, { pinned: true, onProgress: undefined })

const attemptUpload = (row: TransferRow, epoch: number) =>
  Effect.gen(function* () {
    const { remoteKey, type } = row
    const address = addressOfKey(remoteKey)
    const index = yield* IndexPort
    const blobs = yield* BlobPort
    const device = yield* Device
    const log = yield* LogPort
    const { newId, hashing } = yield* Platform
    const ports = { signer: yield* SignerPort, send: (yield* Settings).send, hashing }
    const content = yield* call(() => index.get('contents', address))
    const blob = yield* call(() => blobs.open(address))
    if (!content || !blob) return yield* Effect.fail(gone())
    const { size, digests } = content

    const note = async (begun: Pick<TransferRow, 'uploadId'> | Pick<TransferRow, 'sent'>): Promise<void> => {
      const noted = change('transfers', row.id, (current) => (current ? { ...current, ...begun } : current))
      await index.write([noted], { epoch })
    }
    const report = device.report(remoteKey, 'upload', size)
    const stored = yield* withoutStall((alive) =>
      call((signal) =>
        upload(
          ports,
          { remoteKey, type, blob, size, digests, uploadId: row.uploadId ?? undefined, sent: row.sent },
          {
            signal,
            onProgress(bytes) {
              alive()
              report.progress(bytes, size)
            },
            onStarted: (uploadId) => note({ uploadId }),
            onSending: () => note({ sent: true }),
          },
        ),
      ),
    ).pipe(Effect.ensuring(Effect.sync(report.end)))

    const done = [removeRow('transfers', row.id), storedAs(remoteKey)]
    const known = log.remoteContent(remoteKey)
    const { etag, versionId, receipt } = stored
    // What the log only claims, a receipt proves to the other devices.
    const isNews = !known?.stored || (receipt !== undefined && !known.proved)
    if (!isNews) return yield* device.write(done, epoch)
    const args = {
      remoteKey,
      ...(receipt === undefined ? {} : { receipt }),
      ...(etag === undefined ? {} : { etag }),
      ...(versionId === undefined ? {} : { versionId }),
    }
    yield* commit({ name: 'v2.ContentStored', opId: newId(), args }, { changes: done, epoch })
  })

/** Fails with `storage_unavailable` when `alive` was not called for 30 s. */
const withoutStall = <A, R>(
  work: (alive: () => void) => Effect.Effect<A, RockpoolError, R>,
): Effect.Effect<A, RockpoolError, R> =>
  Effect.suspend(() => {
    let progressed = true
    const watch: Effect.Effect<never, RockpoolError> = Effect.gen(function* () {
      while (progressed) {
        progressed = false
        yield* Effect.sleep(STALL_MS)
      }
      return yield* Effect.fail(stalled())
    })
    return Effect.raceFirst(
      work(() => {
        progressed = true
      }),
      watch,
    )
  })

const noteFailure = (row: TransferRow, error: RockpoolError, epoch: number) =>
  Effect.gen(function* () {
    // Another tab leads, or this one closes: the row is theirs to judge.
    if (error.code === 'superseded' || error.code === 'closed') return yield* Effect.fail(error)
    const device = yield* Device
    const log = yield* LogPort
    const now = yield* Clock.currentTimeMillis
    const { random } = yield* Platform
    const failure = { error, attempts: row.attempts + 1, now, random: random() }
    yield* device.write([change('transfers', row.id, (current) => current && failedRow(current, failure))], epoch)
    // A refused transfer is tried again every 15 min: the same refusal is no news.
    const isKnown = row.state === 'blocked' && row.error?.code === error.code
    if (error.code === 'offline' || isKnown) return
    const [file] = log.filesWithContent(row.remoteKey)
    yield* emit('error', { error, ...(file ? { file } : {}) })
  })

const gone = (): RockpoolError =>
  new RockpoolError(
    'not_found',
    'The bytes of this file are no longer on this disk, so they cannot be uploaded. Add the file again.',
  )

const stalled = (): RockpoolError =>
  new RockpoolError('storage_unavailable', 'Nothing moved for 30 seconds. The transfer is tried again.')
