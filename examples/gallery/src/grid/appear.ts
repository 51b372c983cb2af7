/**
 * New tiles fade in while they come one by one. A burst is shown at once: fading in a hundred tiles took a fifth of the CPU
 * that adding them takes, on a machine without a GPU.
 */

/** Tiles of one render that fade in together. */
const MAX_TILES = 3
/** After tiles came, the next ones are part of a burst for this time, ms. */
const BURST_MS = 1_000

/** @param sinceLastMs since the last render that brought tiles */
export const fadesIn = (tiles: number, sinceLastMs: number): boolean => tiles <= MAX_TILES && sinceLastMs > BURST_MS

const FADE: Keyframe[] = [{ opacity: 0, transform: 'scale(0.97)' }]
const TIMING: KeyframeAnimationOptions = { duration: 350, easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)' }

let arrived: Element[] = []
let lastAt = 0

/** For an effect of a tile that was mounted. */
export const appear = (tile: Element): void => {
  arrived.push(tile)
  // The effects of one render run in a row.
  if (arrived.length === 1) queueMicrotask(fadeIn)
}

const fadeIn = (): void => {
  const now = performance.now()
  const tiles = arrived
  const fades = fadesIn(tiles.length, now - lastAt)
  arrived = []
  lastAt = now
  if (!fades || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  for (const tile of tiles) tile.animate(FADE, TIMING)
}
