/** The floor for adding many small files: hashes and writes the same bytes, one after the other, into files that it makes. */
import { sha256 } from '@rockpool/protocol'

const answer: { postMessage(message: unknown): void } = self as never

self.onmessage = async ({ data: blobs }: MessageEvent<readonly Blob[]>) => {
  const root = await navigator.storage.getDirectory()
  const folder = await root.getDirectoryHandle('bare', { create: true })
  const start = performance.now()
  for (const [number, blob] of blobs.entries()) {
    const bytes = new Uint8Array(await blob.arrayBuffer())
    await sha256(bytes)
    const handle = await (await folder.getFileHandle(String(number), { create: true })).createSyncAccessHandle()
    handle.write(bytes)
    handle.flush()
    handle.close()
  }
  const ms = performance.now() - start
  await root.removeEntry('bare', { recursive: true })
  answer.postMessage(ms)
}
