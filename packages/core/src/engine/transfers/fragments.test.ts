import { expect, test } from 'vitest'
import type { ContentAddress } from '@rockpool/protocol'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { fragmentSaver, joinFragments } from './fragments.ts'

const KiB = 1024

test.each([
  ['none', [], undefined],
  ['one from the first byte on', [[0, 3]], '012'],
  [
    'one that follows another, in any order',
    [
      [3, 2],
      [0, 3],
    ],
    '01234',
  ],
  [
    'one that overlaps another',
    [
      [0, 3],
      [2, 3],
    ],
    '01234',
  ],
  [
    'one that another contains',
    [
      [0, 5],
      [1, 2],
    ],
    '01234',
  ],
  [
    'nothing after a gap',
    [
      [0, 2],
      [3, 2],
    ],
    '01',
  ],
  ['nothing without the first byte', [[1, 4]], undefined],
] as const)('joins %s', async (_, fragments: readonly (readonly [start: number, length: number])[], joined) => {
  const of = (number: number) =>
    fragments.map(([start, length]) => ({
      number,
      start,
      bytes: new Blob(['0123456789'.slice(start, start + length)]),
    }))
  const starts = joinFragments([...of(1), ...of(7)])
  for (const number of [1, 7]) expect(await starts.get(number)?.text()).toBe(joined)
})

/** A saver, and the ranges that it has saved. */
const saving = () => {
  const saved: string[] = []
  let now = 0
  const bytes = sampleBytes(200 * KiB)
  const saver = fragmentSaver(
    {
      writeFragment: async (_, number, start, { length }) =>
        void saved.push(`${number}: ${start / KiB}+${length / KiB}`),
    },
    'a'.repeat(64) as ContentAddress,
    { monotonic: () => now },
  )
  return {
    saver,
    saved,
    /** `length` KiB of the part have arrived `ms` after its start */
    grow: (length: number, ms: number) => {
      now = ms
      saver.grew(bytes.subarray(0, length * KiB))
    },
    cut: (length: number) => saver.cut(bytes.subarray(0, length * KiB)),
  }
}

test('saves nothing of a part that arrives within five seconds', async () => {
  const { saver, saved, grow } = saving()
  saver.begin(1, 0)
  for (const ms of [1, 1_000, 4_999]) grow(100, ms)
  await saver.settled()
  expect(saved).toEqual([])
})

test('saves what is new of a slow part every five seconds, unless it is less than 16 KiB', async () => {
  const { saver, saved, grow } = saving()
  saver.begin(1, 0)
  for (const [length, ms] of [
    [20, 5_000],
    [30, 9_999],
    [35, 10_000],
    [36, 10_001],
  ] as const)
    grow(length, ms)
  await saver.settled()
  expect(saved).toEqual(['1: 0+20', '1: 20+16'])
})

test('saves the rest of a part that is cut, from where its fragments ended', async () => {
  const { saver, saved, cut } = saving()
  saver.begin(3, 64 * KiB)
  cut(100)
  cut(101)
  await saver.settled()
  expect(saved).toEqual(['3: 64+36'])
})

test('ignores a disk that fails: the bytes are fetched again', async () => {
  const writeFragment = () => Promise.reject(new Error('The disk is full.'))
  const saver = fragmentSaver({ writeFragment }, 'a'.repeat(64) as ContentAddress, { monotonic: () => 0 })
  saver.begin(1, 0)
  saver.cut(sampleBytes(100 * KiB))
  await expect(saver.settled()).resolves.toBeUndefined()
})
