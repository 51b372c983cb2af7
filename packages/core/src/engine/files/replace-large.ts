/**
 * Opens content of livestore-filesync above one part that is in object storage only. No part of it can be verified by itself, so
 * it is downloaded as a whole, and its file has a key of ours from then on. A user who may not write changes nothing, and
 * downloads it each time.
 */
import { addressOfKey, isLegacyKey, RockpoolError } from '@rockpool/protocol'
import { Effect, Either } from 'effect'
import type { OpenOptions } from '../../pool.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device } from '../device.ts'
import { underLock } from '../leadership/locks.ts'
import type { ByteReader } from '../transfers/byte-reader.ts'
import { Connections } from '../transfers/connections.ts'
import { type Chunks, readerDriven } from '../transfers/reader-driven.ts'
import { remoteObject } from '../transfers/remote-object.ts'
import { callPort, LogPort, Platform, Settings, SignerPort } from '../services.ts'
import { requireRight } from './edit.ts'
import { quoteName } from './quote-name.ts'
import { replaceLegacy } from './replace-legacy.ts'
import { otherHash, wholeFileProof } from './whole-file-proof.ts'

interface Large<Content, E, R> {
  readonly onProgress: OpenOptions['onProgress']
  /** opens the file after its replacement */
  readonly openReplaced: (replaced: FileRecord) => Effect.Effect<Content, E, R>
  /** what a reader of `blob` is given */
  readonly ofBlob: (blob: Blob) => Content
}

/** Opens the file in another way where the download of `file` says that its content is of this kind. */
export const orLarge =
  <Content, E, R2>(file: FileRecord, { onProgress, openReplaced, ofBlob }: Large<Content, E, R2>) =>
  <R>(work: Effect.Effect<Content, RockpoolError, R>) =>
    Effect.catchIf(
      work,
      ({ code }) => code === 'unsupported' && isLegacyKey(file.remoteKey),
      () =>
        Effect.flatMap(Effect.either(requireRight('write')), (right) =>
          Either.isRight(right)
            ? Effect.flatMap(replaceFromStorage(file, onProgress), openReplaced)
            : Effect.map(provedFromStorage(file, onProgress), ofBlob),
        ),
    )

const replaceFromStorage = (file: FileRecord, onProgress: OpenOptions['onProgress']) =>
  Effect.gen(function* () {
    const log = yield* LogPort
    const now = log.file(file.id)
    if (now?.version !== file.version || now.deletedAt !== null) return yield* Effect.fail(hasChanged(file))
    return yield* readWhole(file, onProgress, (body) => replaceLegacy(now, { body }))
  }).pipe(underLock(`download:${file.remoteKey}`, 'exclusive'))

/** For a user who may not write. The browser has the bytes as long as the Blob is in use; the blob store has no address for them. */
const provedFromStorage = (file: FileRecord, onProgress: OpenOptions['onProgress']) => {
  const proof = wholeFileProof(addressOfKey(file.remoteKey))
  const read = readWhole(file, onProgress, (body) =>
    callPort((signal) => new Response(body.pipeThrough(proof.through, { signal })).blob()),
  )
  return read.pipe(
    Effect.mapError((error) => (proof.isMismatch() ? otherHash() : error)),
    Effect.map((blob) => blob.slice(0, blob.size, file.type)),
  )
}

/** Downloads the whole content to `use`, and reports the progress to all tabs. */
const readWhole = <A, R>(
  file: FileRecord,
  onProgress: OpenOptions['onProgress'],
  use: (body: ReadableStream<Uint8Array<ArrayBuffer>>) => Effect.Effect<A, RockpoolError, R>,
) =>
  Effect.gen(function* () {
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
    return yield* Effect.ensuring(use(stream), end)
  })

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
