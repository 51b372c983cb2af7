/**
 * Bytes of parts that have not arrived whole: one file a fragment in `fragments/`, by the name `<address>.<number>.<start>`. They are
 * not beside the parts, so that nothing takes one for a part. Web Locks are the caller's.
 */
import type { Fragment } from '@rockpool/core'
import { type ContentAddress, parseAddress } from '@rockpool/protocol'
import type { TempFile } from './temp-file.ts'
import { directoryIn, filesOf, removeIn, type StoreFolder } from './store-folder.ts'

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
  if (!directory) return []
  return (await filesOf(directory)).flatMap(({ name, file }) => {
    const parsed = parseName(name)
    return parsed ? [{ ...parsed, bytes: file }] : []
  })
}

export const fragmentsOf = async (folder: StoreFolder, address: ContentAddress): Promise<readonly FragmentFile[]> =>
  (await allFragments(folder)).filter((fragment) => fragment.address === address)

/** @param number of the part; all parts when not given */
export const removeFragments = async (
  { root }: StoreFolder,
  address: ContentAddress,
  number?: number,
): Promise<void> => {
  const directory = await directoryIn(root, FRAGMENTS)
  if (!directory) return
  const names: string[] = []
  for await (const name of directory.keys()) {
    const parsed = parseName(name)
    if (parsed?.address === address && (number === undefined || parsed.number === number)) names.push(name)
  }
  for (const name of names) await removeIn(directory, name)
}

const parseName = (name: string): Omit<FragmentFile, 'bytes'> | undefined => {
  const [first = '', number, start] = name.split('.')
  const address = parseAddress(first)
  return address && { address, number: Number(number), start: Number(start) }
}
