import { expect, test } from 'vitest'
import { makeSpeedometer } from './speed.ts'

/** The speed after these samples of [bytes, ms]. */
const speedAfter = (...samples: readonly (readonly [bytes: number, at: number])[]) => {
  const speed = makeSpeedometer()
  return samples.map(([bytes, at]) => speed(bytes, at)).at(-1)
}

test.each<[string, number | null, [number, number][]]>([
  ['is unknown at first', null, [[0, 0]]],
  [
    'is unknown for half a second',
    null,
    [
      [0, 0],
      [9_000, 499],
    ],
  ],
  [
    'is what was transferred since',
    2_000,
    [
      [0, 0],
      [2_000, 1_000],
    ],
  ],
  [
    'leaves out what was there before',
    1_000,
    [
      [500_000, 0],
      [501_000, 1_000],
    ],
  ],
  [
    'is that of the last 5 s',
    1_000,
    [
      [0, 0],
      [900_000, 1_000],
      [901_000, 2_000],
      [906_000, 7_000],
    ],
  ],
  [
    'falls while nothing moves',
    100,
    [
      [0, 0],
      [1_000, 1_000],
      [1_000, 10_000],
      [2_000, 20_000],
    ],
  ],
  [
    'starts again when bytes are taken back',
    1_000,
    [
      [0, 0],
      [80_000, 1_000],
      [0, 2_000],
      [1_000, 3_000],
    ],
  ],
])('%s', (_, expected, samples) => {
  expect(speedAfter(...samples)).toBe(expected)
})
