/** Gives a file of livestore-filesync a key of ours. Its bytes are proved on the way, and uploaded under that key. */
import { addressOfKey, type Hashing, OCTET_STREAM, readMediaType, RockpoolError, toHex } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { FileRecord } from '../../records/record.ts'
import { SyncState } from '../log/sync-state.ts'
import { callPort, Platform } from '../services.ts'
import { replace } from './add.ts'
import { otherHash, wholeFileProof } from './whole-file-proof.ts'

/** Up to this many parts are hashed in memory: by WebCrypto, at a seventh of the CPU time. */
const MAX_PARTS_IN_MEMORY = 4

export interface LegacySource {
  readonly body: Blob | ReadableStream<Uint8Array<ArrayBuffer>>
  /** media type that was saved with the bytes; events of livestore-filesync have none */
  readonly type?: string | undefined
}

/**
 * Replaces the content of `file`, whose key is a legacy one, by the same bytes.
 *
 * @returns the new record. Fails with `corrupt` when the bytes have another hash, with `offline` while the log may lack news: a
 *   replacement would bring back a file that another device removed; otherwise as `replace` does
 */
export const replaceLegacy = (file: FileRecord, { body, type }: LegacySource) =>
  Effect.gen(function* () {
    const { status } = yield* SyncState
    if (status.current.reason.code !== 'connected') return yield* Effect.fail(notConnected())
    const savedType = file.type === OCTET_STREAM && type !== undefined ? readMediaType(type) : undefined
    const options = { ifMatch: file.version, type: savedType ?? file.type }
    const hash = addressOfKey(file.remoteKey)
    const { hashing } = yield* Platform
    if (body instanceof Blob && body.size <= MAX_PARTS_IN_MEMORY * hashing.partSize) {
      const proved = yield* callPort(() => provedInMemory(body, hash, hashing))
      return yield* replace(file.id, proved, options)
    }
    const proof = wholeFileProof(hash)
    const stream = body instanceof Blob ? body.stream() : body
    return yield* Effect.mapError(replace(file.id, stream.pipeThrough(proof.through), options), (error) =>
      proof.isMismatch() ? otherHash() : error,
    )
  })

/** @returns the very bytes that were hashed: the old app may write the file again */
const provedInMemory = async (body: Blob, hash: string, hashing: Hashing): Promise<Blob> => {
  const bytes = await body.arrayBuffer()
  if (toHex(await hashing.digest(new Uint8Array(bytes))) !== hash) throw otherHash()
  return new Blob([bytes])
}

const notConnected = (): RockpoolError =>
  new RockpoolError(
    'offline',
    'This file gets a new address, which needs the sync server. Try again when this device is online.',
  )
