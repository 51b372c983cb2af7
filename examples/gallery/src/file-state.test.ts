import type { FileStatus } from 'rockpool'
import { expect, test } from 'vitest'
import { describeState } from './file-state.ts'

const uploading: FileStatus = {
  state: 'uploading',
  onDevice: true,
  bytes: 25,
  total: 100,
  bytesPerSecond: null,
  remainingMs: null,
  error: null,
}

test('a file on its way shows per cent, and speed and time once they are known', () => {
  expect(describeState(uploading)).toBe('On this device, being sent, 25 %')
  expect(describeState({ ...uploading, bytesPerSecond: 1_234_567, remainingMs: 75_000 })).toBe(
    'On this device, being sent, 25 %, 1.2 MB/s, 1:15 left',
  )
})
