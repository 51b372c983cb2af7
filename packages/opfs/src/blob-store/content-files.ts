/** Where content is found on disk: in one file, or in its parts. Reads no bytes. */
import type { StoredBlob } from '@rockpool/core'
import { addressParts, type ContentAddress, parseAddress, partRange } from '@rockpool/protocol'
import { allFragments } from './fragments.ts'
import {
  directoryIn,
  fileIn,
  filesOf,
  PARTS_SUFFIX,
  plausibleContent,
  plausiblePart,
  type StoreFolder,
} from './store-folder.ts'

export const openContent = async (folder: StoreFolder, address: ContentAddress): Promise<Blob | undefined> => {
  const content = await findContent(folder, address)
  if (content) return content
  const parts = await partFiles(folder, address)
  return parts.length === addressParts(address) ? new Blob(parts.map(({ file }) => file)) : undefined
}

export const findContent = async (folder: StoreFolder, address: ContentAddress): Promise<File | undefined> => {
  const file = await fileIn(folder.contents, address)
  return file && plausibleContent(address, file.size) ? file : undefined
}

export const findPart = async (
  folder: StoreFolder,
  address: ContentAddress,
  number: number,
): Promise<Blob | undefined> => {
  const content = await findContent(folder, address)
  if (content) {
    if (addressParts(address) === 1) return number === 1 ? content : undefined
    const { start, end } = partRange(content.size, number)
    return start < end ? content.slice(start, end) : undefined
  }
  const directory = await directoryIn(folder.contents, address + PARTS_SUFFIX)
  const file = directory && (await fileIn(directory, String(number)))
  return file && plausiblePart(address, number, file.size) ? file : undefined
}

/** The part files present, in order. */
export const partFiles = async (folder: StoreFolder, address: ContentAddress) => {
  const directory = await directoryIn(folder.contents, address + PARTS_SUFFIX)
  if (!directory) return []
  return (await filesOf(directory))
    .map(({ name, file }) => ({ number: Number(name), file }))
    .filter(({ number, file }) => plausiblePart(address, number, file.size))
    .sort((a, b) => a.number - b.number)
}

/** Asks the browser once for each file: about 0.1 ms a file. */
export const listContents = async (folder: StoreFolder): Promise<readonly StoredBlob[]> => {
  const stored = new Map<ContentAddress, StoredBlob>()
  for (const { name, file } of await filesOf(folder.contents)) {
    const address = parseAddress(name)
    if (!address) continue
    const complete = plausibleContent(address, file.size)
    stored.set(address, { address, size: file.size, complete, modifiedAt: file.lastModified })
  }
  for await (const name of folder.contents.keys()) {
    const address = name.endsWith(PARTS_SUFFIX) ? parseAddress(name.slice(0, -PARTS_SUFFIX.length)) : undefined
    if (!address || stored.get(address)?.complete) continue
    const parts = await partFiles(folder, address)
    if (parts.length === 0) continue
    stored.set(address, {
      address,
      size: sum(parts.map(({ file }) => file.size)),
      complete: parts.length === addressParts(address),
      modifiedAt: Math.max(...parts.map(({ file }) => file.lastModified)),
    })
  }
  for (const { address, bytes } of await allFragments(folder)) {
    const { size, complete, modifiedAt } = stored.get(address) ?? { size: 0, complete: false, modifiedAt: 0 }
    if (complete) continue
    const newest = Math.max(modifiedAt, bytes.lastModified)
    stored.set(address, { address, size: size + bytes.size, complete, modifiedAt: newest })
  }
  return [...stored.values()]
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
