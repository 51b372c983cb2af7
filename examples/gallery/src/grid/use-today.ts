import { useSyncExternalStore } from 'react'

const MINUTE = 60_000

/** When this day began, unix ms. Renders once, within a minute after midnight. */
export const useToday = (): number => useSyncExternalStore(everyMinute, startOfToday)

const startOfToday = (): number => new Date().setHours(0, 0, 0, 0)

const everyMinute = (changed: () => void): (() => void) => {
  const timer = setInterval(changed, MINUTE)
  return () => clearInterval(timer)
}
