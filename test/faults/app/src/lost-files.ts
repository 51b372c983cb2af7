/** Which of the files that a person was promised are not on this device any more. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import type { LocalIndex, Pool } from '@rockpool/core'
import type { Acknowledged } from './actions.ts'

/**
 * @param files that were changed on this device
 * @returns a sentence for each whose record is missing, or whose content is neither on this disk nor known as stored
 */
export const lostFiles = async (
  pool: Pool,
  index: LocalIndex,
  files: readonly Acknowledged[],
): Promise<readonly string[]> => {
  const lost: string[] = []
  for (const { id, remoteKey, wrote } of files) {
    const file = pool.log.file(id)
    if (!file) lost.push(`the file ${id} has no record`)
    if (!file || file.deletedAt !== null || !wrote) continue
    const address = addressOfKey(remoteKey as RemoteKey)
    const row = await index.get('contents', address)
    const blob = await pool.blobs.open(address)
    if (blob && row && blob.size === row.size) continue
    if (pool.log.remoteContent(remoteKey as RemoteKey)?.stored) continue
    lost.push(
      `the content ${address} of the file ${id}: ${blob?.size ?? 'no'} bytes, ${row?.size ?? 'no'} in the index`,
    )
  }
  return lost
}
