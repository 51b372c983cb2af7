import type { RefusedChange } from '@rockpool/core'
import { useCallback, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/**
 * The changes of this device that the sync server refused, oldest first. Each waits for `pool.sync.refused.retry` or `discard`.
 * The same array while nothing changed.
 */
export const useRefusedChanges = (): readonly RefusedChange[] => {
  const { refused } = usePool().sync
  const subscribe = useCallback((changed: () => void) => refused.subscribe(changed), [refused])
  const snapshot = () => refused.list()
  return useSyncExternalStore(subscribe, snapshot, snapshot)
}
