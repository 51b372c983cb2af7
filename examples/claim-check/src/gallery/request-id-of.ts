import { createHash } from 'node:crypto'

/**
 * The request of a file: always the same, so that a feed that was killed goes on with what it began. A UUID in the form of
 * version 4, of the SHA-256 of the text.
 */
export const requestIdOf = (file: string): string => {
  const bytes = createHash('sha256').update(file).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
