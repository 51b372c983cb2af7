import { expect, test } from 'vitest'
import { type Box, type GridKey, neighbour } from './neighbour.ts'

const box = (left: number, right: number, row: number): Box => ({ left, right, top: row * 100, bottom: row * 100 + 90 })

// 0 and 1 in the first row, 2 to 4 in the second, 5 alone in the last
const boxes = [box(0, 300, 0), box(310, 400, 0), box(0, 100, 1), box(110, 200, 1), box(210, 400, 1), box(0, 120, 2)]

test.each<[from: number, key: GridKey, to: number]>([
  [0, 'ArrowRight', 1],
  [1, 'ArrowRight', 2],
  [5, 'ArrowRight', 5],
  [2, 'ArrowLeft', 1],
  [0, 'ArrowLeft', 0],
  [0, 'ArrowDown', 3],
  [1, 'ArrowDown', 4],
  [4, 'ArrowDown', 5],
  [5, 'ArrowDown', 5],
  [5, 'ArrowUp', 2],
  [4, 'ArrowUp', 1],
  [3, 'ArrowUp', 0],
  [1, 'ArrowUp', 1],
  [3, 'Home', 0],
  [3, 'End', 5],
])('from %i, %s goes to %i', (from, key, to) => {
  expect(neighbour(boxes, from, key)).toBe(to)
})
