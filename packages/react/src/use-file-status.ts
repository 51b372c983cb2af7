import type { ContentReference, FileStatus } from '@rockpool/core'
import { useCallback, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/** Where the file's bytes are, as this device sees it, and how far a transfer is. Renders only when that changed. */
export const useFileStatus = (file: ContentReference): FileStatus => {
  const { transfers } = usePool()
  const subscribe = useCallback((changed: () => void) => transfers.subscribe(changed), [transfers])
  // The pool gives the same object as long as nothing changed, which is what React asks of a snapshot.
  const snapshot = () => transfers.status(file)
  return useSyncExternalStore(subscribe, snapshot, snapshot)
}
