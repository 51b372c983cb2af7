/**
 * Bytes of parts that have not arrived whole: one file a fragment in `fragments/`, by the name `<address>.<number>.<start>`. They are
 * not beside the parts, so that nothing takes one for a part. Web Locks are the caller's.
 */
import type { Fragment } from '@rockpool/core'
import { type ContentAddress, parseAddress } from '@rockpool/protocol'
import type { TempFile } from './temp-file.ts'
import { directoryIn, fileIn, filesOf, removeIn, type StoreFolder } from './store-folder.ts'

const FRAGMENTS = 'fragments'

/** A fragment on disk. */
export interface FragmentFile extends Fragment {
  readonly address: ContentAddress
  readonly bytes: File
}

export const moveToFragments = async (
  { root }: StoreFolder,
  temp: TempFile,
  { address, number, start }: Omit<FragmentFile, 'bytes'>,
): Promise<void> => {
  const directory = await root.getDirectoryHandle(FRAGMENTS, { create: true })
  const name = `${address}.${number}.${start}`
  await removeIn(directory, name)
  await temp.move(directory, name)
}

/** All fragments of this store. */
export const allFragments = async ({ root }: StoreFolder): Promise<readonly FragmentFile[]> => {
  const directory = await directoryIn(root, FRAGMENTS)
  return directory ? (await filesOf(directory)).flatMap(toFragments) : []
}

/** Opens no file of other content: a download asks before it begins. */
export const fragmentsOf = async ({ root }: StoreFolder, address: ContentAddress): Promise<readonly FragmentFile[]> => {
  const directory = await directoryIn(root, FRAGMENTS)
  if (!directory) return []
  const names = await namesOf(directory, address)
  const files = await Promise.all(names.map(async (name) => ({ name, file: await fileIn(directory, name) })))
  return files.flatMap(toFragments)
}

/** @param number of the part; all parts when not given */
export const removeFragments = async (
  { root }: StoreFolder,
  address: ContentAddress,
  number?: number,
): Promise<void> => {
  const directory = await directoryIn(root, FRAGMENTS)
  if (directory) for (const name of await namesOf(directory, address, number)) await removeIn(directory, name)
}

const namesOf = async (
  directory: FileSystemDirectoryHandle,
  address: ContentAddress,
  number?: number,
): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const name of directory.keys()) {
    const parsed = parseName(name)
    if (parsed?.address === address && (number === undefined || parsed.number === number)) names.push(name)
  }
  return names
}

/** @returns none for another file, or one that has gone meanwhile */
const toFragments = ({ name, file }: { readonly name: string; readonly file: File | undefined }): FragmentFile[] => {
  const parsed = parseName(name)
  return parsed && file ? [{ ...parsed, bytes: file }] : []
}

const parseName = (name: string): Omit<FragmentFile, 'bytes'> | undefined => {
  const [first = '', number, start] = name.split('.')
  const address = parseAddress(first)
  return address && { address, number: Number(number), start: Number(start) }
}
