/** The steps that bring the bytes of one legacy file into the pool. Each resolves once they are on disk and in the index. */
import { addressOfKey, type ContentAddress, isLegacyKey, type RemoteKey, toHex } from '@rockpool/protocol'
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

export interface StoreOptions {
  /** whether the old file may be moved, where the disk can: it is not there any more then */
  readonly mayMove: boolean
}

export interface StoredOnePart {
  readonly address: ContentAddress
  /** whether the old file itself, whose bytes were proved, is the content now */
  readonly isMoved: boolean
}

/** Stores content of one part under the legacy key, as a download of it ends. */
export const storeOnePart = (key: RemoteKey, { blob, handle }: LegacyFile, { mayMove }: StoreOptions) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const device = yield* Device
    const { hashing } = yield* Platform
    const address = addressOfKey(key)
    const stored = yield* callPort(() => blobs.open(address))
    const row = device.contents.get(address)
    if (stored && (stored.size === row?.size || (yield* recordLeft(key)))) return { address, isMoved: false }
    const { digests, isMoved } = yield* callPort(async () => {
      const bytes = new Uint8Array(await blob.arrayBuffer())
      const digests = await hashing.digest(bytes)
      if (toHex(digests) !== address) throw otherHash()
      // The old app may have the file open: it is copied then.
      const isMoved = mayMove && handle !== undefined && (await blobs.adopt?.(address, handle).catch(() => false))
      if (isMoved !== true) await blobs.writePart(address, 1, bytes)
      return { digests, isMoved: isMoved === true }
    })
    yield* recordDownload(key, { address, size: blob.size, digests }, 'disk', false)
    return { address, isMoved } satisfies StoredOnePart
  })

/**
 * Adds bytes of a legacy key to the index that a page left on disk when it died. They are hashed before they count; damaged ones are
 * moved aside.
 *
 * @returns whether the content is there
 */
export const recordLeft = (key: RemoteKey) =>
  Effect.gen(function* () {
    const address = addressOfKey(key)
    const digest = yield* hashOnDisk(address)
    if (digest?.address === address) {
      yield* recordDownload(key, digest, 'disk', false)
      return true
    }
    if (digest) yield* quarantine(address, [key])
    return false
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
