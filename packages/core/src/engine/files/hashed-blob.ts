/** Bytes from this disk for a place outside the browser, where nothing verifies them again. */
import { addressOfKey, ContentHasher, intoParts, RockpoolError } from '@rockpool/protocol'
import { Effect, Runtime } from 'effect'
import type { FileRecord } from '../../records/record.ts'
import { type Chunks, readerDriven } from '../transfers/reader-driven.ts'
import { Platform } from '../services.ts'
import { quarantine } from './quarantine.ts'

/**
 * Makes streams that hash what they read. Damaged bytes end in a `corrupt` error in place of a clean end, and are quarantined: the next
 * stream of the file downloads it, if object storage has it.
 */
export const blobHasher = Effect.gen(function* () {
  const runtime = yield* Effect.runtime<Effect.Effect.Context<ReturnType<typeof quarantine>>>()
  const { hashing } = yield* Platform

  async function* chunksOf(blob: Blob, { remoteKey }: FileRecord): Chunks<void> {
    const hasher = new ContentHasher(hashing)
    for await (const part of intoParts(blob.stream(), hashing)) {
      await hasher.add(part)
      yield part
    }
    const address = addressOfKey(remoteKey)
    if ((await hasher.finish()).address === address) return
    await Runtime.runPromise(runtime)(quarantine(address, [remoteKey]))
    throw damagedOnDisk()
  }

  return (blob: Blob, file: FileRecord): ReadableStream<Uint8Array<ArrayBuffer>> => {
    const stop = new AbortController()
    return readerDriven(chunksOf(blob, file), { stop, signal: stop.signal }).stream
  }
})

const damagedOnDisk = (): RockpoolError =>
  new RockpoolError('corrupt', 'This file is damaged on this device and was not saved. Save it again to download it.')
