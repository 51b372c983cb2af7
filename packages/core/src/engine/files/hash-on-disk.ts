import { type ContentAddress, hashContent } from '@rockpool/protocol'
import { Effect } from 'effect'
import { BlobPort, callPort, Platform } from '../services.ts'

/**
 * Reads and hashes content on this disk, in constant memory. Undefined when it is not there.
 *
 * @param onBytes called with the bytes of each chunk that was read
 */
export const hashOnDisk = (address: ContentAddress, onBytes: (bytes: number) => void = () => {}) =>
  Effect.gen(function* () {
    const blobs = yield* BlobPort
    const { hashing } = yield* Platform
    return yield* callPort(async (signal) => {
      const blob = await blobs.open(address)
      const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          onBytes(chunk.byteLength)
          controller.enqueue(chunk)
        },
      })
      return blob && hashContent(blob.stream().pipeThrough(counted, { signal }), hashing)
    })
  })
