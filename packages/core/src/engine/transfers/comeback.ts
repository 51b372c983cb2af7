import type { PlatformPage } from '../../platform/platform.ts'

/**
 * Tells the events of a page that may have ended what transfers failed for. The page's word on the network is a hint: it
 * only makes an attempt sooner.
 *
 * @returns to be called after each change of the page: whether the network, the page or the person is back
 */
export const makeComeback = (page: PlatformPage): (() => boolean) => {
  let wasVisible = page.isVisible()
  return () => {
    const isVisible = page.isVisible()
    const wasHidden = !wasVisible
    const isLeaving = wasVisible && !isVisible
    wasVisible = isVisible
    if (page.isFrozen() || isLeaving) return false
    return page.isOnline() || (isVisible && wasHidden)
  }
}
