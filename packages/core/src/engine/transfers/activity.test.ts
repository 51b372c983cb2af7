import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { type ActivityMessage, reportActivity } from './activity.ts'

const KEY = 'reef/files/x' as RemoteKey
const MIB = 1024 * 1024

/** A report on a clock that the test moves, and what it emitted. */
const reporting = () => {
  let time = 0
  const emitted: ActivityMessage[] = []
  const report = reportActivity((message) => emitted.push(message), KEY, 'upload', 100 * MIB, { monotonic: () => time })
  return {
    emitted,
    report,
    progress(bytes: number, at: number) {
      time = at
      report.progress(bytes, 100 * MIB)
    },
  }
}

test('emits the start, steps of 1 %, and the end once', () => {
  const { emitted, report, progress } = reporting()
  for (let i = 1; i <= 1_000; i++) progress((i * 100 * MIB) / 1_000, i)
  report.end()
  report.end()
  progress(1, 2_000)
  expect(emitted).toHaveLength(1 + 100 + 1)
  expect(emitted[0]!.activity).toMatchObject({ bytes: 0, total: 100 * MIB, bytesPerSecond: null })
  expect(emitted.at(-1)).toEqual({ remoteKey: KEY, activity: null })
})

test('emits every 10 s on a line that is hardly one, so that nobody takes the transfer for dead', () => {
  const { emitted, progress } = reporting()
  for (let i = 1; i <= 60; i++) progress(i, i * 1_000)
  expect(emitted).toHaveLength(1 + 6)
})

test('tells the speed', () => {
  const { emitted, progress } = reporting()
  for (let i = 0; i <= 10; i++) progress(50 * MIB + i * MIB, i * 1_000)
  expect(emitted.at(-1)!.activity).toMatchObject({ bytes: 60 * MIB, bytesPerSecond: MIB })
})
