import { useSyncExternalStore } from 'react'

/** Whether the browser has a network connection. It does not know whether the servers respond. */
export const useOnline = (): boolean => useSyncExternalStore(watch, isOnline, () => true)

const isOnline = (): boolean => navigator.onLine

const watch = (changed: () => void): (() => void) => {
  addEventListener('online', changed)
  addEventListener('offline', changed)
  return () => {
    removeEventListener('online', changed)
    removeEventListener('offline', changed)
  }
}
