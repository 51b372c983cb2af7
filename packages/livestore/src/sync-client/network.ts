/** What the platform says about the network. Node and some workers say nothing: then there is a network. */

/** False only when the device certainly has no network. */
export const hasNetwork = (): boolean => globalThis.navigator?.onLine !== false

/**
 * Calls `listener` when a request to the server may have another result than before: the network came back or went away, the page became visible.
 *
 * @returns unsubscribe
 */
export const onWakeUp = (listener: () => void): (() => void) => {
  const target = globalThis as Partial<Pick<EventTarget, 'addEventListener' | 'removeEventListener'>>
  const page = globalThis.document as Document | undefined
  const visible = () => page?.visibilityState === 'visible' && listener()
  target.addEventListener?.('online', listener)
  target.addEventListener?.('offline', listener)
  page?.addEventListener('visibilitychange', visible)
  return () => {
    target.removeEventListener?.('online', listener)
    target.removeEventListener?.('offline', listener)
    page?.removeEventListener('visibilitychange', visible)
  }
}
