/** Which tile an arrow key means. */

export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export type GridKey = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown' | 'Home' | 'End'

const GRID_KEYS: ReadonlySet<string> = new Set<GridKey>([
  'ArrowLeft',
  'ArrowRight',
  'ArrowUp',
  'ArrowDown',
  'Home',
  'End',
])

export const isGridKey = (key: string): key is GridKey => GRID_KEYS.has(key)

/** The index to go to from `from` among tiles in reading order; rows have tiles of different widths. */
export const neighbour = (boxes: readonly Box[], from: number, key: GridKey): number => {
  const last = boxes.length - 1
  switch (key) {
    case 'Home':
      return 0
    case 'End':
      return last
    case 'ArrowLeft':
      return Math.max(0, from - 1)
    case 'ArrowRight':
      return Math.min(last, from + 1)
    case 'ArrowUp':
    case 'ArrowDown':
      return inNextRow(boxes, from, key === 'ArrowDown' ? 1 : -1)
  }
}

/** In the nearest row that way, the tile whose middle is closest. */
const inNextRow = (boxes: readonly Box[], from: number, step: 1 | -1): number => {
  const here = boxes[from]
  if (!here) return from
  const middle = centre(here)
  let best = from
  let row: Box | undefined
  for (let i = from + step; i >= 0 && i < boxes.length; i += step) {
    const box = boxes[i]!
    if (sameRow(box, here)) continue
    row ??= box
    if (!sameRow(box, row)) break
    if (best === from || Math.abs(centre(box) - middle) < Math.abs(centre(boxes[best]!) - middle)) best = i
  }
  return best
}

const centre = (box: Box): number => (box.left + box.right) / 2
const sameRow = (a: Box, b: Box): boolean => a.top < b.bottom && b.top < a.bottom
