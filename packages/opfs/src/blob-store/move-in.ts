/** A file from elsewhere in the origin private file system becomes content, without a copy of its bytes. */
import { addressParts, type ContentAddress, RockpoolError } from '@rockpool/protocol'
import { findContent } from './content-files.ts'
import { removeFragments } from './fragments.ts'
import { type MovableFile, removeIn, type StoreFolder } from './store-folder.ts'

/** Call it while no other write of this content can come in between. @returns false when the content is here already */
export const moveIn = async (
  folder: StoreFolder,
  address: ContentAddress,
  file: FileSystemFileHandle,
): Promise<boolean> => {
  if (addressParts(address) > 1)
    throw new RockpoolError('bad_request', `${address} has several parts, which are no file.`)
  if (await findContent(folder, address)) return false
  await removeIn(folder.contents, address)
  await (file as MovableFile).move(folder.contents, address)
  await removeFragments(folder, address)
  return true
}
