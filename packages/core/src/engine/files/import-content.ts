/** The steps that bring the bytes of one legacy file into the pool. Each resolves once they are on disk and in the index. */
import { addressOfKey, isLegacyKey, type RemoteKey, toHex } from '@rockpool/protocol'
import { Effect } from 'effect'
import type { LegacyFile } from '../../legacy-folder.ts'
import type { FileRecord } from '../../records/record.ts'
import { Device } from '../device.ts'
import { BlobPort, callPort, Platform } from '../services.ts'
import { hashOnDisk } from './hash-on-disk.ts'
import { ownKey } from './owner.ts'
import { quarantine } from './quarantine.ts'
import { recordDownload } from './read.ts'
import { releaseContent } from './release-content.ts'
import { otherHash, wholeFileProof } from './whole-file-proof.ts'

/** Stores content of one part under the legacy key, as a download of it ends. @returns its address */
export const storeOnePart = (key: RemoteKey, { blob }: LegacyFile) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const { hashing } = yield* Platform
    const address = addressOfKey(key)
    const stored = yield* callPort(() => blobs.open(address))
    if (stored && stored.size === device.contents.get(address)?.size) return address
    if (stored) {
      // Bytes without a row, after a crash, are hashed before they count.
      const digest = yield* hashOnDisk(address)
      if (digest?.address === address) {
        yield* recordDownload(key, digest, 'disk', false)
        return address
      }
      yield* quarantine(address, [key])
    }
    const digests = yield* callPort(async () => {
      const bytes = new Uint8Array(await blob.arrayBuffer())
      const digest = await hashing.digest(bytes)
      if (toHex(digest) !== address) throw otherHash()
      await blobs.writePart(address, 1, bytes)
      return digest
    })
    yield* recordDownload(key, { address, size: blob.size, digests }, 'disk', false)
    return address
  })

export interface MatchOptions {
  /** whether the bytes are compared also where content of the same size is on this device already */
  readonly isCertain: boolean
}

/**
 * Stores content that other devices have under a key of ours already: what the files that had `hash` have now, if it is the same.
 *
 * @returns its address; undefined when the files have got other content since
 */
export const storeMatching = (
  hash: string,
  files: readonly FileRecord[],
  { blob }: LegacyFile,
  { isCertain }: MatchOptions,
) =>
  Effect.gen(function* () {
    const device = yield* Device
    const candidates = files.filter(({ remoteKey, size }) => size === blob.size && !isLegacyKey(remoteKey))
    const known = candidates.find(({ remoteKey }) => device.has(remoteKey))
    if (known && !isCertain) return addressOfKey(known.remoteKey)
    if (candidates.length === 0) return undefined
    const content = yield* writeProved(hash, blob)
    const match = candidates.find(({ remoteKey }) => addressOfKey(remoteKey) === content.address)
    if (match) {
      yield* recordDownload(match.remoteKey, content, 'disk', false)
      return content.address
    }
    yield* releaseContent(yield* ownKey(candidates[0]!.bucket, content.address))
    return undefined
  })

const writeProved = (hash: string, blob: Blob) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const proof = wholeFileProof(hash)
    return yield* Effect.mapError(
      callPort((signal) => blobs.write(blob.stream().pipeThrough(proof.through), { signal })),
      (error) => (proof.isMismatch() ? otherHash() : error),
    )
  })
