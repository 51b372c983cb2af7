/**
 * The folder of livestore-filesync 0.8.0 on OPFS:
 *
 *     livestore-filesync-files/<storeId>/<hash>             the bytes
 *     livestore-filesync-files/<storeId>/<hash>.meta.json   { "type"?, "lastModified"? }
 */
import type { LegacyFolder } from '@rockpool/core'
import { diskError } from '../disk-error.ts'
import { directoryIn, fileIn, removeIn } from '../blob-store/store-folder.ts'

export interface LegacyFolderOptions {
  readonly storeId: string
  /** as the app gave it to `layer` of `@livestore-filesync/opfs`; none when not given */
  readonly baseDirectory?: string
}

const ROOT = 'livestore-filesync-files'
const META_SUFFIX = '.meta.json'
/** While the old app writes a file, Chromium keeps its bytes in `<name>.crswap` beside it, which `entries()` lists. */
const SWAP_SUFFIX = '.crswap'

/** Opens the folder for `pool.importLegacy`. A folder that is not there has no files. */
export const legacyFolder = ({ storeId, baseDirectory = '' }: LegacyFolderOptions): LegacyFolder => {
  const path = [...baseDirectory.split('/').filter((name) => name !== ''), ROOT, storeId]
  // Each lookup is a round trip to the browser, and an import calls this twice a file.
  let found: FileSystemDirectoryHandle | undefined
  const find = async (): Promise<FileSystemDirectoryHandle | undefined> => {
    let folder: FileSystemDirectoryHandle | undefined = await navigator.storage.getDirectory()
    for (const name of path) folder &&= await directoryIn(folder, name)
    return folder
  }
  const withFolder = async <A>(work: (folder: FileSystemDirectoryHandle) => Promise<A>, absent: A): Promise<A> => {
    try {
      found ??= await find()
      return found ? await work(found) : absent
    } catch (error) {
      found = undefined
      throw diskError(error)
    }
  }

  return {
    hashes: () =>
      withFolder(async (folder) => {
        const hashes: string[] = []
        for await (const [name, { kind }] of folder.entries()) {
          if (kind === 'file' && !name.endsWith(META_SUFFIX) && !name.endsWith(SWAP_SUFFIX)) hashes.push(name)
        }
        return hashes
      }, []),

    open: (hash) =>
      withFolder(async (folder) => {
        const blob = await fileIn(folder, hash)
        if (!blob) return undefined
        const type = typeIn(await (await fileIn(folder, hash + META_SUFFIX))?.text())
        return { blob, type, handle: await folder.getFileHandle(hash) }
      }, undefined),

    remove: (hash) =>
      withFolder(async (folder) => {
        // The bytes last: they are what the next import lists.
        await removeIn(folder, hash + META_SUFFIX)
        await removeIn(folder, hash)
      }, undefined),
  }
}

/** The type in the text of a meta file. One that is cut or missing names none. */
const typeIn = (text: string | undefined): string | undefined => {
  try {
    const meta: unknown = JSON.parse(text ?? '')
    return typeof meta === 'object' && meta !== null && 'type' in meta && typeof meta.type === 'string'
      ? meta.type
      : undefined
  } catch {
    return undefined
  }
}
