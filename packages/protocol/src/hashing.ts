/** How content is cut and hashed: a constant of a deployment, since content addresses depend on it. */

/** Bytes in one part: 8 MiB. The last part may be shorter. */
export const PART_SIZE = 8 * 1024 * 1024

/** SHA-256 of `bytes`, 32 bytes, by WebCrypto. */
export const sha256 = async (bytes: BufferSource): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))

/**
 * Devices, signer and sync server of a store need the same one: with another part size the same bytes get another
 * address. Products use {@link WEB_HASHING}; a simulation takes small parts, and a digest that its scheduler controls.
 */
export interface Hashing {
  /** bytes in one part, at least 1; the last part may be shorter */
  readonly partSize: number
  /** SHA-256 of the bytes, 32 bytes */
  readonly digest: (bytes: BufferSource) => Promise<Uint8Array<ArrayBuffer>>
}

/** Parts of 8 MiB, hashed by WebCrypto. */
export const WEB_HASHING: Hashing = { partSize: PART_SIZE, digest: sha256 }
