import { buildRemoteKey, hashContent, type Hashing, WEB_HASHING } from '@rockpool/protocol'
import { memorySigner } from '../memory/index.ts'
import { webPlatform } from '../platform/web-platform.ts'
import { sendByFetch } from '../engine/transfers/http.ts'
import { upload } from '../engine/transfers/upload.ts'

/** An object store in memory that has content of these bytes, and what names it. */
export const storedContent = async (bytes: Uint8Array<ArrayBuffer>, hashing: Hashing = WEB_HASHING) => {
  const storage = memorySigner({ platform: { ...webPlatform, hashing } })
  const blob = new Blob([bytes])
  const { address, digests, size } = await hashContent(blob.stream(), hashing)
  const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
  await upload(
    { signer: storage.signer, send: sendByFetch(storage.fetch), hashing },
    { remoteKey, type: 'text/plain', blob, size, digests },
    { signal: new AbortController().signal },
  )
  return { storage, address, remoteKey, size }
}
