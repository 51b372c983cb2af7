import { expect, it } from 'vitest'
import { fadesIn } from './appear.ts'

it.each([
  [1, 60_000, true],
  [3, 1_001, true],
  [4, 60_000, false],
  [1, 1_000, false],
  [100, 10, false],
])('%i new tiles, %i ms after the last ones: they fade in %s', (tiles, sinceLastMs, expected) => {
  expect(fadesIn(tiles, sinceLastMs)).toBe(expected)
})
