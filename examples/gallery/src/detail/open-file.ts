/** Which file is open stands in the address bar: a reload shows it again, and the back button closes it. */
import { useSyncExternalStore } from 'react'

const PREFIX = '#file='
const CHANGED = 'gallery:open-file'

/** Opens a file; `null` closes it. While one is open, another takes its place in the history. */
export const openFile = (id: string | null): void => {
  const bare = location.pathname + location.search
  if (id === null && (history.state as { opened?: boolean } | null)?.opened) return history.back()
  if (id === null) history.replaceState(null, '', bare)
  else if (openId() === null) history.pushState({ opened: true }, '', `${bare}${PREFIX}${id}`)
  else history.replaceState(history.state, '', `${bare}${PREFIX}${id}`)
  dispatchEvent(new Event(CHANGED))
}

export const useOpenId = (): string | null => useSyncExternalStore(watch, openId)

const openId = (): string | null =>
  location.hash.startsWith(PREFIX) ? decodeURIComponent(location.hash.slice(PREFIX.length)) : null

const watch = (changed: () => void): (() => void) => {
  for (const event of ['popstate', CHANGED]) addEventListener(event, changed)
  return () => {
    for (const event of ['popstate', CHANGED]) removeEventListener(event, changed)
  }
}
