import type { Hashing } from '@rockpool/protocol'
import { LRUCache } from 'lru-cache'
import { provenDigests } from './content.ts'
import type { Caller, ResolvedKey } from './rights.ts'

/** Memory for lists: 50 of the largest contents (80 GB), thousands of common ones. */
const MOST_BYTES = 16 * 1024 * 1024

/** Bytes that an entry takes beside its digests, measured with the shortest. */
const ENTRY_BYTES = 1_024

/**
 * The digest lists of uploads under way. A list is remembered once it has proven itself, so that signing the parts of a
 * large content takes time in proportion to the parts: else each call brings the digests of all. Nothing depends on
 * it: whoever is not remembered, at this signer or another one, is asked for the list again.
 */
export interface DigestLists {
  /** @throws RockpoolError `digest_mismatch` */
  prove(caller: Caller, key: ResolvedKey, base64: string): Promise<Uint8Array<ArrayBuffer>>
  recall(caller: Caller, key: ResolvedKey): Uint8Array<ArrayBuffer> | undefined
}

export const createDigestLists = (hashing: Pick<Hashing, 'digest'>, mostBytes = MOST_BYTES): DigestLists => {
  const lists = new LRUCache<string, Uint8Array<ArrayBuffer>>({
    maxSize: mostBytes,
    sizeCalculation: (digests) => digests.length + ENTRY_BYTES,
  })
  // Each user's own: signed requests tell digests, which knowing the address alone does not.
  const nameOf = ({ claims }: Caller, { key }: ResolvedKey) => `${key} ${claims.sub}`
  return {
    async prove(caller, key, base64) {
      const digests = await provenDigests(key.address, base64, hashing)
      lists.set(nameOf(caller, key), digests)
      return digests
    },
    recall: (caller, key) => lists.get(nameOf(caller, key)),
  }
}
