/** The platform's network state. Assumes a network where the platform does not report it (Node, some workers). */

/** False only when the device certainly has no network. */
export const hasNetwork = (): boolean => globalThis.navigator?.onLine !== false

/**
 * Calls `listener` when a retry may have another result: the network changed, or the page became visible.
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
