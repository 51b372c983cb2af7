import type { SyncStatus } from '@rockpool/core'
import { useCallback, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/** Whether this device syncs, and why not: `reason.message` is a sentence to show. Renders only when that changed. */
export const useSyncStatus = (): SyncStatus => {
  const { sync } = usePool()
  const subscribe = useCallback((changed: () => void) => sync.subscribe(changed), [sync])
  const snapshot = () => sync.current
  return useSyncExternalStore(subscribe, snapshot, snapshot)
}
