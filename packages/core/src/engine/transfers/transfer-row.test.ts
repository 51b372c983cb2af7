import { RockpoolError } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { sampleTransfer } from '../../testing/sample-transfer.ts'
import { failedRow } from './transfer-row.ts'

test('an upload that exceeds a quota is blocked, and keeps the figures', () => {
  const usage = { of: 'store', unit: 'bytes', used: 99, limit: 100 } as const
  const error = new RockpoolError('quota_exceeded', 'This store is full.', { usage })
  const row = failedRow(sampleTransfer('a'), { error, attempts: 1, now: 0, random: 0.5, isStored: false })
  expect(row).toMatchObject({ state: 'blocked', error: { code: 'quota_exceeded', message: error.message, usage } })
})
