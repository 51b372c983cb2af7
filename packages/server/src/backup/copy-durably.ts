/** Copies that are on the disk when they resolve. */
import { chmod, copyFile, open } from 'node:fs/promises'

/** Copies a file, for this user only. Its name is durable once its folder is synced: {@link syncFolder}. */
export const copyDurably = async (source: string, target: string): Promise<void> => {
  await copyFile(source, target)
  await chmod(target, 0o600)
  await sync(target)
}

/** The names in a folder. */
export const syncFolder = (folder: string): Promise<void> => sync(folder)

const sync = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
