/** In development, what keeps a device from syncing is on the console of its page too, each reason once. */
import type { Pool, SyncStatusSource } from '@rockpool/core'

export const warnOfSyncTrouble = ({
  storeId,
  sync,
}: Pick<Pool, 'storeId'> & { readonly sync: SyncStatusSource }): void => {
  const warned = new Set<string>()
  const warn = ({ state, reason }: Pool['sync']['current']): void => {
    if (state === 'online' || warned.has(reason.code)) return
    warned.add(reason.code)
    console.warn(`[rockpool] Sync of store "${storeId}" is ${state} (${reason.code}): ${reason.message}`)
  }
  warn(sync.current)
  sync.subscribe(warn)
}
