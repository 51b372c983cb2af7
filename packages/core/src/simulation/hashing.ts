/** SHA-256 without WebCrypto, whose threads finish in an order that no seed decides; and parts small enough for many. */
import { createHash } from 'node:crypto'
import type { Hashing } from '@rockpool/protocol'

export const simulatedHashing: Hashing = {
  partSize: 256,
  digest: async (bytes) => {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes)
    return new Uint8Array(createHash('sha256').update(view).digest())
  },
}
