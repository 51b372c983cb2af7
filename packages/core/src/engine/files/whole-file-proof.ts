/**
 * Proves bytes against the SHA-256 of the whole file, which is how livestore-filesync names content of any size.
 *
 * In constant memory, which WebCrypto cannot do: it takes only bytes that are in memory as a whole. This hash takes about
 * seven times the CPU time of WebCrypto's, so only legacy content above one part uses it.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { RockpoolError, toHex } from '@rockpool/protocol'

export interface WholeFileProof {
  /** Passes the bytes on. Fails at their end when they have another hash. */
  readonly through: TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>
  /** Whether all bytes have passed, and have another hash. */
  readonly isMismatch: () => boolean
}

/** @param hash 64 lower-case hex digits */
export const wholeFileProof = (hash: string): WholeFileProof => {
  const hasher = sha256.create()
  let isMismatch = false
  const through = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      hasher.update(chunk)
      controller.enqueue(chunk)
    },
    flush(controller) {
      isMismatch = toHex(hasher.digest()) !== hash
      if (isMismatch) controller.error(otherHash())
    },
  })
  return { through, isMismatch: () => isMismatch }
}

/** The bytes of an old file have another hash than its name says. */
export const otherHash = (): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'The bytes of this file changed since they were saved. Add the file again from its source.',
  )
