import type { PlatformPage } from '../../platform/platform.ts'

/**
 * Detects that the network, the page or the person is back, so that failed transfers may work again. The page's word on the
 * network is a hint: it only makes a retry sooner.
 *
 * @returns call it after each change of the page: whether something is back
 */
export const makeReturnDetector = (page: PlatformPage): (() => boolean) => {
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
