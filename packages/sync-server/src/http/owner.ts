/** The owner segment of who pushes. */
import type { Claims } from '@rockpool/access'
import { type Owner, ownerOf } from '@rockpool/protocol'

const owners = new WeakMap<Claims, Owner>()

/**
 * `ownerOf(claims.sub)`. WebCrypto hashes on another thread, which takes as long as parsing a push of 100 events, so the result
 * is kept as long as the claims: a verifier returns the same ones while it remembers the token.
 */
export const ownerOfClaims = async (claims: Claims): Promise<Owner> => {
  const owner = owners.get(claims) ?? (await ownerOf(claims.sub))
  owners.set(claims, owner)
  return owner
}
