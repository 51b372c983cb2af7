/** `GET /storage/v1/usage` */
import type { FileUse } from '@rockpool/sync-server'
import { type Caller, requireUser } from './caller.ts'
import type { RestServices } from './services.ts'

export interface UsageJson {
  readonly bytes: number
  readonly files: number
  /** null: no limit */
  readonly max_bytes: number | null
  readonly max_files: number | null
}

/** Of the store, and of the caller in it. @throws RockpoolError `unauthenticated`, `forbidden` */
export const readUsage = async (
  { fileLedger }: Pick<RestServices, 'fileLedger'>,
  caller: Caller,
): Promise<{ readonly store: UsageJson; readonly user: UsageJson }> => {
  const { claims } = requireUser(caller, 'read')
  const { quota } = fileLedger
  const { store, user } = await fileLedger.count(caller.storeId, claims.sub)
  return {
    store: usageJson(store, quota.storeBytes, quota.storeFiles),
    user: usageJson(user, quota.userBytes, quota.userFiles),
  }
}

const usageJson = (
  { bytes, files }: FileUse,
  maxBytes: number | undefined,
  maxFiles: number | undefined,
): UsageJson => ({
  bytes,
  files,
  max_bytes: maxBytes ?? null,
  max_files: maxFiles ?? null,
})
