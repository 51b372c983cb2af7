/** What the disk gives: bytes that are there already, through one sync access handle. */
const PART = 8 * 1024 * 1024
const answer: { postMessage(message: unknown): void } = self as never

self.onmessage = async ({ data: { size } }: MessageEvent<{ size: number }>) => {
  const root = await navigator.storage.getDirectory()
  const part = crypto.getRandomValues(new Uint8Array(65_536))
  const bytes = new Uint8Array(PART)
  for (let at = 0; at < PART; at += part.length) bytes.set(part, at)

  const handle = await (await root.getFileHandle('raw', { create: true })).createSyncAccessHandle()
  const writing = performance.now()
  for (let at = 0; at < size; at += PART) handle.write(bytes, { at })
  handle.flush()
  const writeMs = performance.now() - writing
  const reading = performance.now()
  for (let at = 0; at < size; at += PART) handle.read(bytes, { at })
  const readMs = performance.now() - reading
  handle.close()
  await root.removeEntry('raw')
  answer.postMessage({ writeMs, readMs })
}
