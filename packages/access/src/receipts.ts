/** Signing and verifying receipts (`@rockpool/protocol`, receipt.ts) with a secret that signer and sync server share. */
import {
  formatReceipt,
  fromBase64Url,
  parseReceipt,
  type ReceiptFields,
  type RemoteKey,
  RockpoolError,
  toBase64Url,
} from '@rockpool/protocol'
import { MIN_SECRET_BYTES } from './verify.ts'

/** @returns the receipt of a content that the caller has just seen in object storage */
export type SignReceipt = (remoteKey: RemoteKey, content: ReceiptFields) => Promise<string>

/** Whether the signer made this receipt for this remote key and, when it is given, this size in bytes. Never rejects. */
export type VerifyReceipt = (receipt: string, remoteKey: string, size?: number) => Promise<boolean>

/** @throws RockpoolError `bad_request` when the secret is shorter than 32 bytes */
export const receiptSigner = (secret: string): SignReceipt => {
  const key = deriveOnce(secret)
  return async (remoteKey, fields) => {
    const mac = new Uint8Array(await crypto.subtle.sign('HMAC', await key(), signedText(remoteKey, fields)))
    return formatReceipt(fields, toBase64Url(mac))
  }
}

/**
 * @param secrets the current one and, while it is rotated, the former one; without any, no receipt is valid
 * @throws RockpoolError `bad_request` when a secret is shorter than 32 bytes
 */
export const receiptVerifier = (secrets: readonly string[]): VerifyReceipt => {
  const keys = secrets.map(deriveOnce)
  return async (receipt, remoteKey, size) => {
    const fields = parseReceipt(receipt)
    if (!fields || (size !== undefined && size !== fields.size)) return false
    const mac = fromBase64Url(fields.mac) ?? new Uint8Array()
    const text = signedText(remoteKey, fields)
    for (const key of keys) {
      // Compares in constant time.
      if (await crypto.subtle.verify('HMAC', await key(), mac, text)) return true
    }
    return false
  }
}

/** No remote key has a line break, so that two contents never give one text. */
const signedText = (remoteKey: string, { size, at }: ReceiptFields) =>
  new TextEncoder().encode(`r1\n${remoteKey}\n${size}\n${at}`)

/** Keeps receipts apart from tokens, which the same secret may sign: neither can be taken for the other. */
const LABEL = new TextEncoder().encode('rockpool receipt v1')

/** The key, not its promise, is kept: a Worker may not wait for work that another request, maybe cancelled, has started. */
const deriveOnce = (secret: string) => {
  const bytes = new TextEncoder().encode(secret)
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new RockpoolError('bad_request', `A receipt secret has at least ${MIN_SECRET_BYTES} bytes.`)
  }
  let key: CryptoKey | undefined
  return async () => (key ??= await derive(bytes))
}

const derive = async (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> => {
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: LABEL }
  const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return crypto.subtle.deriveKey(hkdf, material, hmac, false, ['sign', 'verify'])
}
