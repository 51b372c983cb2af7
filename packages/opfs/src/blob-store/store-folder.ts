/**
 * Where things are on disk:
 *
 *     rockpool-<storeId>/contents/<address>             a whole content, one file
 *     rockpool-<storeId>/contents/<address>.parts/<n>   parts of downloaded content
 *     rockpool-<storeId>/fragments/                     see fragments.ts
 *     rockpool-<storeId>/temp/<random>                  a write under way
 *     rockpool-<storeId>/damaged/                       see quarantine.ts
 *
 * Files appear in `contents` by a move only, and none is ever rewritten: a File that someone reads stays good.
 */
import {
  addressFits,
  addressParts,
  type ContentAddress,
  EMPTY_ADDRESS,
  isStoreId,
  PART_SIZE,
  RockpoolError,
  type StoreId,
} from '@rockpool/protocol'
import { isMissing, unsupported } from '../disk-error.ts'

export interface StoreFolder {
  readonly name: string
  readonly origin: FileSystemDirectoryHandle
  readonly root: FileSystemDirectoryHandle
  readonly contents: FileSystemDirectoryHandle
  readonly temp: FileSystemDirectoryHandle
}

/** A handle's `move` is not in the specification yet; WebKit knows only this form. */
export interface MovableFile extends FileSystemFileHandle {
  move(directory: FileSystemDirectoryHandle, name: string): Promise<void>
}

/**
 * Opens the folder of a store, made if it is not there.
 *
 * @throws RockpoolError `unsupported` without OPFS (insecure context, private mode, blocked), Web Locks, or a way to move files
 */
export const openStoreFolder = async (storeId: StoreId): Promise<StoreFolder> => {
  if (!isStoreId(storeId)) throw new RockpoolError('bad_request', `"${storeId}" cannot be the id of a store.`)
  if (typeof navigator.storage?.getDirectory !== 'function') throw unsupported('It has no OPFS.')
  if (navigator.locks === undefined) throw unsupported('It has no Web Locks.')
  if (!('move' in FileSystemFileHandle.prototype)) throw unsupported('It cannot move files.')
  const name = `rockpool-${storeId}`
  try {
    const origin = await navigator.storage.getDirectory()
    const root = await origin.getDirectoryHandle(name, { create: true })
    const contents = await root.getDirectoryHandle('contents', { create: true })
    const temp = await root.getDirectoryHandle('temp', { create: true })
    return { name, origin, root, contents, temp }
  } catch (error) {
    throw unsupported('OPFS cannot be opened.', error)
  }
}

export const PARTS_SUFFIX = '.parts'

/**
 * Whether a file of `size` bytes can be the whole content. A power cut may leave a moved file empty or short; what cannot
 * be right counts as absent and is written again. Shorter within the last part goes unnoticed here: the index knows the size.
 */
export const plausibleContent = (address: ContentAddress, size: number): boolean =>
  addressParts(address) === 1 ? size > 0 || address === EMPTY_ADDRESS : addressFits(address, size)

/** Whether a file of `size` bytes can be part `number` of the content. */
export const plausiblePart = (address: ContentAddress, number: number, size: number): boolean =>
  Number.isInteger(number) &&
  number >= 1 &&
  number <= addressParts(address) &&
  (number < addressParts(address) ? size === PART_SIZE : size > 0 && size <= PART_SIZE)

export const fileIn = async (directory: FileSystemDirectoryHandle, name: string): Promise<File | undefined> => {
  try {
    return await (await directory.getFileHandle(name)).getFile()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

export const directoryIn = async (
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemDirectoryHandle | undefined> => {
  try {
    return await directory.getDirectoryHandle(name)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Removes a file or a folder with all in it; nothing happens when it is not there. */
export const removeIn = async (directory: FileSystemDirectoryHandle, name: string): Promise<void> => {
  try {
    await directory.removeEntry(name, { recursive: true })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** All files of a folder by name; one that goes away meanwhile is left out. */
export const filesOf = async (
  directory: FileSystemDirectoryHandle,
): Promise<readonly { readonly name: string; readonly file: File }[]> => {
  const files: Promise<{ name: string; file: File } | undefined>[] = []
  for await (const [name, handle] of directory.entries()) {
    if (handle.kind === 'file') files.push(fileIn(directory, name).then((file) => file && { name, file }))
  }
  return (await Promise.all(files)).filter((entry) => entry !== undefined)
}
