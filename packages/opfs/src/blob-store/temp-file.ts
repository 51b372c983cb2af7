/** Temp files: each is owned by a Web Lock of its name, so that a sweep in another tab can tell dead ones from live ones. */
import { removeIn, type StoreFolder } from './store-folder.ts'

const lockName = (folder: StoreFolder, name: string) => `rockpool-opfs:${folder.name}/temp/${name}`

/** Calls `use` with a new temp file. What is left of it when `use` ends, well or not, is removed. */
export const withTempFile = <T>(folder: StoreFolder, use: (file: FileSystemFileHandle) => Promise<T>): Promise<T> => {
  const name = crypto.randomUUID()
  return navigator.locks.request(lockName(folder, name), async () => {
    try {
      return await use(await folder.temp.getFileHandle(name, { create: true }))
    } finally {
      // Failing to clean up must not hide the outcome; the sweep comes again.
      await removeIn(folder.temp, name).catch(() => {})
    }
  })
}

/** Removes what writers that are gone have left. @returns how many temp files */
export const sweepTempFiles = async (folder: StoreFolder): Promise<number> => {
  const files = new Map<string, string[]>()
  for await (const entry of folder.temp.keys()) {
    // While createWritable is at work, Chromium keeps its bytes in `<name>.crswap` beside the file.
    const name = entry.replace(/\.crswap$/, '')
    files.set(name, [...(files.get(name) ?? []), entry])
  }
  let removed = 0
  for (const [name, entries] of files) {
    await navigator.locks.request(lockName(folder, name), { ifAvailable: true }, async (lock) => {
      if (!lock) return
      try {
        for (const entry of entries) await removeIn(folder.temp, entry)
        removed++
      } catch (error) {
        // Chromium frees the locks of a dead worker before its file handles: the next sweep gets it.
        if (!(error instanceof DOMException) || error.name !== 'NoModificationAllowedError') throw error
      }
    })
  }
  return removed
}
