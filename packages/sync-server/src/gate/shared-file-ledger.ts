/**
 * The ledger of servers that share their event logs: nothing is kept in memory. The gate counts in the transaction of the append,
 * which no other append of the store runs beside. So nothing is reserved that a server which dies would leave behind.
 */
import type { StoreId } from '@rockpool/protocol'
import type { FileLedger, FileLedgerOptions } from './file-ledger.ts'
import { exceededBy, type FilesInUse } from './file-quota.ts'

/** @param options its read models count without reading all files */
export const sharedFileLedger = ({ quota, readModelOf }: FileLedgerOptions): FileLedger => {
  const count = async (storeId: StoreId, sub: string): Promise<FilesInUse> => {
    const readModel = await readModelOf(storeId)
    const [store, user] = await Promise.all([readModel.keptUsage(), readModel.keptUsage(sub)])
    return { store, user }
  }
  const isLimited = Object.keys(quota).length > 0
  const check: FileLedger['check'] = async (storeId, sub, more) =>
    isLimited ? exceededBy(quota, await count(storeId, sub), more) : undefined

  return {
    quota,
    check,
    begin: async () => undefined,
    checkUpload: async ({ storeId, sub, remoteKey, size }) => {
      const limit = await check(storeId, sub, { files: 0, bytes: size })
      // What the log names was accepted, and counts already.
      return limit && !(await (await readModelOf(storeId)).isNamed(remoteKey)) ? limit : undefined
    },
    count,
  }
}
