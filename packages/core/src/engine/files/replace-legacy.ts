/** Gives a file of livestore-filesync a key of ours. Its bytes are proved on the way, and uploaded under that key. */
import { addressOfKey, OCTET_STREAM, readMediaType, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { FileRecord } from '../../records/record.ts'
import { SyncState } from '../log/sync-state.ts'
import { replace } from './add.ts'
import { otherHash, wholeFileProof } from './whole-file-proof.ts'

export interface LegacySource {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
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
    const proof = wholeFileProof(addressOfKey(file.remoteKey))
    const savedType = file.type === OCTET_STREAM && type !== undefined ? readMediaType(type) : undefined
    const options = { ifMatch: file.version, type: savedType ?? file.type }
    return yield* Effect.mapError(replace(file.id, body.pipeThrough(proof.through), options), (error) =>
      proof.isMismatch() ? otherHash() : error,
    )
  })

const notConnected = (): RockpoolError =>
  new RockpoolError(
    'offline',
    'This file gets a new address, which needs the sync server. Try again when this device is online.',
  )
