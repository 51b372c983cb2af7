/**
 * Receipts: the signer's proof that object storage had the content. The signer gives one with each answer that says "stored",
 * a device puts it into `v2.ContentStored`, and the sync server verifies it without a call to the object store.
 *
 *     r1.<size in bytes>.<unix ms when the signer saw the content>.<HMAC-SHA-256, base64url>
 *
 * The MAC covers the remote key, too. Signing and verifying are in `@rockpool/access`: devices have no secret.
 */

/** What a receipt says of the content under one remote key. */
export interface ReceiptFields {
  /** bytes */
  readonly size: number
  /** unix ms by the signer's clock: when it saw the content in object storage */
  readonly at: number
}

// 15 digits are a safe integer. Without leading zeros, and with the two unused bits of the last character at zero, a receipt
// has one text.
const RECEIPT = /^r1\.(0|[1-9]\d{0,14})\.(0|[1-9]\d{0,14})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/

/** The fields of a well-formed receipt, else undefined. Says nothing about who made it. */
export const parseReceipt = (text: string): (ReceiptFields & { readonly mac: string }) | undefined => {
  const match = RECEIPT.exec(text)
  return match ? { size: Number(match[1]), at: Number(match[2]), mac: match[3]! } : undefined
}

/** @param mac 32 bytes as base64url, without padding */
export const formatReceipt = ({ size, at }: ReceiptFields, mac: string): string => `r1.${size}.${at}.${mac}`
