import type { FileRecord } from 'rockpool'
import { describe, expect, test } from 'vitest'
import {
  extensionOf,
  formatBytes,
  formatDuration,
  formatTime,
  groupByDay,
  kindOf,
  ratioOf,
  stemLength,
  tintOf,
} from './file-facts.ts'

test.each([
  ['image/jpeg', 'image'],
  ['IMAGE/PNG', 'image'],
  ['image/svg+xml', 'other'],
  ['video/mp4', 'video'],
  ['audio/mpeg', 'audio'],
  ['application/pdf', 'other'],
  ['imageless', 'other'],
])('%s is shown as %s', (type, kind) => expect(kindOf(type)).toBe(kind))

test.each([
  ['reef.JPG', 'jpg', 4],
  ['archive.tar.gz', 'gz', 11],
  ['README', '', 6],
  ['.gitignore', '', 10],
  ['what. a name', '', 12],
  ['notes.', '', 6],
])('%s has the extension "%s"', (name, extension, stem) => {
  expect(extensionOf(name)).toBe(extension)
  expect(stemLength(name)).toBe(stem)
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [1_234_567, '1.2 MB'],
  [99_400, '99.4 kB'],
  [99_960, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [78 * 2 ** 30, '83.8 GB'],
])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [0.4, '0:00'],
  [75, '1:15'],
  [3_600, '1:00:00'],
  [3_725, '1:02:05'],
])('%d s are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

const file = (createdAt: number, meta: FileRecord['meta'] = {}) => ({ createdAt, meta }) as FileRecord

describe('days', () => {
  const today = new Date(2026, 10, 21).getTime()
  const hour = 3_600_000

  test('files keep their order within Today, Yesterday and dates', () => {
    const files = [today + hour, today, today - 1, today - 24 * hour, today - 30 * hour].map((at) => file(at))
    const groups = groupByDay(files, today)
    expect(groups.map(({ files: members }) => members.length)).toEqual([2, 2, 1])
    expect(groups.map(({ title }) => title).slice(0, 2)).toEqual(['Today', 'Yesterday'])
    expect(groups[2]!.title).toContain('19')
    expect(groups.flatMap(({ files: members }) => members)).toEqual(files)
  })
  test('a clock that runs ahead makes no group of its own', () => {
    expect(groupByDay([file(today + 48 * hour), file(today)], today)).toHaveLength(1)
  })
  test('a day that no calendar has makes a group, not an error', () => {
    expect(groupByDay([file(-9e15)], today)[0]!.title).toBe('Unknown day')
    expect(formatTime(9e15, { dateStyle: 'long' })).toBe('Unknown day')
    expect(formatTime(0, { year: 'numeric', timeZone: 'UTC' })).toBe('1970')
  })
  test('another year is named', () => {
    expect(groupByDay([file(new Date(2024, 1, 29).getTime())], today)[0]!.title).toContain('2024')
  })
})

test('facts that other people wrote are taken only if they are what they should be', () => {
  expect(ratioOf(file(0, { width: 300, height: 200 }))).toBe(1.5)
  expect(ratioOf(file(0, { width: 300, height: 0 }))).toBeUndefined()
  expect(ratioOf(file(0, { width: '300', height: 200 }))).toBeUndefined()
  expect(tintOf(file(0, { tint: '#a1b2c3' }))).toBe('#a1b2c3')
  expect(tintOf(file(0, { tint: 'url(https://evil.example)' }))).toBeUndefined()
})
