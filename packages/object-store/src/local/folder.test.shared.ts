/** What tests of the folder share. */
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** No URL is signed in these tests. */
export const SETUP = { publicBaseUrl: 'http://127.0.0.1', secret: 'no URL is signed in this test, none at all' }

/** Where the methods of all file handles are. */
export const fileHandles: FileHandle = await open(import.meta.filename).then(async (handle) => {
  await handle.close()
  return Object.getPrototypeOf(handle)
})

/** How many files hold bytes in a store's folder. */
export const countFiles = async (directory: string): Promise<number> => {
  const entries = await readdir(join(directory, 'contents'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}
