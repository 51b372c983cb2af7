import type { Hashing } from '@rockpool/protocol'
import { LRUCache } from 'lru-cache'
import { verifyDigests } from './content.ts'
import type { Caller, ResolvedKey } from './rights.ts'

/** Memory for lists: 50 of the largest files (80 GB each), or thousands of common ones. */
const MAX_BYTES = 16 * 1024 * 1024

/** Overhead of an entry in bytes, measured. */
const ENTRY_BYTES = 1_024

/**
 * Cache of verified digest lists of uploads under way, so that the cost of signing parts is proportional to the parts:
 * without it each call sends all digests. Nothing depends on the cache: on a miss, at this signer or another one, the client
 * is asked for the list again.
 */
export interface DigestLists {
  /** @throws RockpoolError `digest_mismatch` */
  prove(caller: Caller, key: ResolvedKey, base64: string): Promise<Uint8Array<ArrayBuffer>>
  recall(caller: Caller, key: ResolvedKey): Uint8Array<ArrayBuffer> | undefined
}

export const createDigestLists = (hashing: Pick<Hashing, 'digest'>, maxBytes = MAX_BYTES): DigestLists => {
  const lists = new LRUCache<string, Uint8Array<ArrayBuffer>>({
    maxSize: maxBytes,
    sizeCalculation: (digests) => digests.length + ENTRY_BYTES,
  })
  // Per user: signed requests reveal digests, which the address alone does not.
  const nameOf = ({ claims }: Caller, { key }: ResolvedKey) => `${key} ${claims.sub}`
  return {
    async prove(caller, key, base64) {
      const digests = await verifyDigests(key.address, base64, hashing)
      lists.set(nameOf(caller, key), digests)
      return digests
    },
    recall: (caller, key) => lists.get(nameOf(caller, key)),
  }
}
