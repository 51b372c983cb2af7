/**
 * Opens content of livestore-filesync above one part that is in object storage only. No part of it can be verified by itself, so
 * it is downloaded as a whole, and its file has a key of ours from then on.
 */
import { isLegacyKey, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { OpenOptions } from '../../pool.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device } from '../device.ts'
import { underLock } from '../leadership/locks.ts'
import type { ByteReader } from '../transfers/byte-reader.ts'
import { Connections } from '../transfers/connections.ts'
import { type Chunks, readerDriven } from '../transfers/reader-driven.ts'
import { remoteObject } from '../transfers/remote-object.ts'
import { callPort, LogPort, Platform, Settings, SignerPort } from '../services.ts'
import { quoteName } from './quote-name.ts'
import { replaceLegacy } from './replace-legacy.ts'

/** Opens the replaced file where the download of `file` says that its content is of this kind. */
export const orReplaced =
  <B, E, R2>(
    file: FileRecord,
    { onProgress }: Pick<OpenOptions, 'onProgress'>,
    openReplaced: (replaced: FileRecord) => Effect.Effect<B, E, R2>,
  ) =>
  <A, R>(work: Effect.Effect<A, RockpoolError, R>) =>
    Effect.catchIf(
      work,
      ({ code }) => code === 'unsupported' && isLegacyKey(file.remoteKey),
      () => Effect.flatMap(replaceFromStorage(file, onProgress), openReplaced),
    )

const replaceFromStorage = (file: FileRecord, onProgress: OpenOptions['onProgress']) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const now = log.file(file.id)
    if (now?.version !== file.version || now.deletedAt !== null) return yield* Effect.fail(hasChanged(file))
    const stop = new AbortController()
    const { body, size } = yield* openRemote(file, stop)
    const device = yield* Device
    const report = device.report(file.remoteKey, 'download', size)
    let bytes = 0
    const { stream } = readerDriven(chunksOf(body), { stop, signal: stop.signal }, (more) => {
      bytes += more
      report.progress(bytes, size)
      onProgress?.(bytes, size)
    })
    const connections = yield* Connections
    const release = connections.read()
    const end = Effect.sync(() => {
      // A replacement that is refused leaves the response unread.
      stop.abort()
      report.end()
      release()
    })
    return yield* Effect.ensuring(replaceLegacy(now, { body: stream }), end)
  }).pipe(underLock(`download:${file.remoteKey}`, 'exclusive'))

const openRemote = ({ remoteKey }: FileRecord, stop: AbortController) =>
  Effect.gen(function* () {
    const { clock } = yield* Platform
    const { fetch } = yield* Settings
    const signer = yield* SignerPort
    return yield* callPort(async (signal) => {
      const stopping = AbortSignal.any([signal, stop.signal])
      const { body, sent } = await remoteObject({ signer, fetch, clock }, remoteKey, { stop, signal: stopping }).open({
        start: 0,
      })
      return { body, size: sent?.size ?? 0 }
    })
  })

async function* chunksOf(body: ByteReader): Chunks<void> {
  try {
    for (;;) {
      const bytes = await body.next(CHUNK)
      if (!bytes) return
      // The reader's memory is overwritten by the next chunk.
      yield bytes.slice()
    }
  } finally {
    await body.cancel()
  }
}

const CHUNK = 1024 * 1024

const hasChanged = (file: FileRecord): RockpoolError =>
  new RockpoolError('precondition_failed', `${quoteName(file)} has changed since you read it. Open it again.`)
