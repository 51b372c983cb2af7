/** The open file is in the address bar: a reload shows it again, and the back button closes it. */
import { useSyncExternalStore } from 'react'

const PREFIX = '#file='
const CHANGED = 'gallery:open-file'
/** History state of an entry that `openFile` made; one from a link or a reload of another tab has none. */
const OPENED_HERE = { opened: true }

/** A step back in the history is under way; it ends with a `popstate`. */
let leaving = false

/** Opens a file; `null` closes it. While one is open, another takes its place in the history. */
export const openFile = (id: string | null): void => {
  if (leaving && id !== null) return window.addEventListener('popstate', () => openFile(id), { once: true })
  const open = openId() !== null
  if (!open && id === null) return
  const state: unknown = history.state
  const url = location.pathname + location.search + (id === null ? '' : PREFIX + encodeURIComponent(id))
  if (open) history.replaceState(id === null ? null : state, '', url)
  else history.pushState(OPENED_HERE, '', url)
  dispatchEvent(new Event(CHANGED))
  if (id !== null || (state as typeof OPENED_HERE | null)?.opened !== true) return
  leaving = true
  history.back()
}

export const useOpenId = (): string | null => useSyncExternalStore(watch, openId)

const openId = (): string | null =>
  location.hash.startsWith(PREFIX) ? decode(location.hash.slice(PREFIX.length)) : null

/** Decodes the id. A malformed escape in a typed link names no file, and is removed. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const watch = (changed: () => void): (() => void) => {
  for (const event of ['popstate', CHANGED]) addEventListener(event, changed)
  return () => {
    for (const event of ['popstate', CHANGED]) removeEventListener(event, changed)
  }
}

window.addEventListener('popstate', () => {
  leaving = false
})
