import { expect, test } from 'vitest'
import { progressLine, summary } from './progress-line.ts'

const nothing = {
  objects: 0,
  bytes: 0,
  copied: 0,
  copiedBytes: 0,
  resumed: 0,
  resumedBytes: 0,
  same: 0,
  sameBytes: 0,
  failed: [],
}

test.for([
  [nothing, '[##############################] 100 %  0 of 0 objects  0 bytes of 0 bytes'],
  [
    { ...nothing, objects: 4, bytes: 4096, copied: 1, copiedBytes: 1024, same: 1, sameBytes: 1024 },
    '[###############---------------]  50 %  2 of 4 objects  2.0 KiB of 4.0 KiB',
  ],
  [
    { ...nothing, objects: 1234, bytes: 3 * 1024 ** 3, copiedBytes: 1 },
    '[------------------------------]   0 %  0 of 1,234 objects  1 bytes of 3.0 GiB',
  ],
] as const)('the bar of %j', ([progress, line]) => {
  expect(progressLine(progress)).toBe(line)
})

test('the summary names what failed, and what to do', () => {
  const failed = Array.from({ length: 22 }, (_, i) => ({ key: `k${i}`, reason: 'Say so.' }))
  const text = summary({ ...nothing, objects: 24, copied: 2, copiedBytes: 2048, failed }, 1000)
  expect(text).toContain('Copied         2 objects, 2.0 KiB, in 1.0 s (2.0 KiB/s)')
  expect(text).toContain('Resumed        0 objects, 0 bytes of')
  expect(text).toContain('Failed         22\n  k0: Say so.')
  expect(text).toContain('… and 2 more')
  expect(text).toContain('again')
  expect(summary(nothing, 0)).not.toContain('again')
})

test('the rate is of what was sent, not of what an interrupted copy had sent before', () => {
  const text = summary({ ...nothing, objects: 1, copied: 1, copiedBytes: 4096, resumed: 1, resumedBytes: 3072 }, 1000)
  expect(text).toContain('Copied         1 objects, 4.0 KiB, in 1.0 s (1.0 KiB/s)')
  expect(text).toContain('Resumed        1 objects, 3.0 KiB of them left by an interrupted copy')
})
