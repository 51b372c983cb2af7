/** Temp files: each is owned by a Web Lock of its name, so that a sweep in another tab can tell dead ones from live ones. */
import { type MovableFile, removeIn, type StoreFolder } from './store-folder.ts'

const lockName = (folder: StoreFolder, name: string) => `rockpool-opfs:${folder.name}/temp/${name}`

export interface TempFile {
  readonly file: FileSystemFileHandle
  /** Moves the file out of the temp folder. */
  move(directory: FileSystemDirectoryHandle, name: string): Promise<void>
}

/** Calls `use` with a new temp file. What is left of it when `use` ends, well or not, is removed. */
export const withTempFile = <T>(folder: StoreFolder, use: (temp: TempFile) => Promise<T>): Promise<T> => {
  const temp = crypto.randomUUID()
  let moved = false
  return navigator.locks.request(lockName(folder, temp), async () => {
    try {
      const file = await folder.temp.getFileHandle(temp, { create: true })
      return await use({
        file,
        async move(directory, name) {
          await (file as MovableFile).move(directory, name)
          moved = true
        },
      })
    } finally {
      // Failing to clean up must not hide the outcome; the sweep comes again.
      if (!moved) await removeIn(folder.temp, temp).catch(() => {})
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
