/**
 * Bytes that are not those of their address, kept aside in `damaged/`: `<address>` for content in one file, `<address>.<n>`
 * for one that came in parts. Web Locks are the caller's.
 */
import { addressParts, type ContentAddress, parseAddress } from '@rockpool/protocol'
import {
  directoryIn,
  fileIn,
  filesOf,
  type MovableFile,
  PARTS_SUFFIX,
  removeIn,
  type StoreFolder,
} from './store-folder.ts'

const DAMAGED = 'damaged'

/** Moves all files of the content out of `contents`. */
export const moveAside = async ({ root, contents }: StoreFolder, address: ContentAddress): Promise<void> => {
  const move = async (from: FileSystemDirectoryHandle, name: string, to: string): Promise<void> => {
    const damaged = await root.getDirectoryHandle(DAMAGED, { create: true })
    const file = (await from.getFileHandle(name)) as MovableFile
    await removeIn(damaged, to)
    await file.move(damaged, to)
  }
  if (await fileIn(contents, address)) await move(contents, address, address)
  const parts = await directoryIn(contents, address + PARTS_SUFFIX)
  if (!parts) return
  for (const { name } of await filesOf(parts)) await move(parts, name, `${address}.${name}`)
  await removeIn(contents, address + PARTS_SUFFIX)
}

/** Names of the files that are kept of the content. */
const namesOf = async (damaged: FileSystemDirectoryHandle, address: ContentAddress): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const name of damaged.keys()) if (addressOf(name) === address) names.push(name)
  return names
}

/** Addresses have no dot. */
const addressOf = (name: string): ContentAddress | undefined => parseAddress(name.split('.')[0]!)

export const isAside = async ({ root }: StoreFolder, address: ContentAddress): Promise<boolean> => {
  const damaged = await directoryIn(root, DAMAGED)
  if (!damaged) return false
  return (
    (await fileIn(damaged, address)) !== undefined ||
    (addressParts(address) > 1 && (await namesOf(damaged, address)).length > 0)
  )
}

export const removeAside = async ({ root }: StoreFolder, address: ContentAddress): Promise<void> => {
  const damaged = await directoryIn(root, DAMAGED)
  if (damaged) for (const name of await namesOf(damaged, address)) await removeIn(damaged, name)
}

/** Addresses of quarantined content. */
export const allAside = async ({ root }: StoreFolder): Promise<readonly ContentAddress[]> => {
  const damaged = await directoryIn(root, DAMAGED)
  const addresses = new Set<ContentAddress>()
  if (damaged) {
    for await (const name of damaged.keys()) {
      const address = addressOf(name)
      if (address) addresses.add(address)
    }
  }
  return [...addresses]
}

/** Total size of quarantined files in bytes. */
export const sizeAside = async ({ root }: StoreFolder): Promise<number> => {
  const damaged = await directoryIn(root, DAMAGED)
  const files = damaged ? await filesOf(damaged) : []
  return files.reduce((total, { file }) => total + file.size, 0)
}
