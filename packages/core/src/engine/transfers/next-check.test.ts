import { PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import type { TransferRow } from '../../ports/local-index.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { GATHER_MS, nextCheck } from './next-check.ts'
import { queuedRow, sentRow } from './transfer-row.ts'

const make = eventMaker('reef', 'op')
const waiting = (content: number, over: Partial<TransferRow> = {}): TransferRow => ({
  ...queuedRow('upload', { remoteKey: make.key(content), size: 3, type: 'image/png' }, content),
  ...over,
})
const sent = (content: number) => sentRow(waiting(content))
const many = Array.from({ length: 120 }, (_, i) => sent(i + 1))

test.each<[string, readonly TransferRow[], number, ReturnType<typeof nextCheck>['kind'], number]>([
  ['nothing', [], 0, 'idle', 0],
  ['nothing sent yet', [waiting(1)], 0, 'idle', 0],
  ['one that was sent', [sent(1)], 0, 'check', 1],
  ['one, and another is about to be sent', [sent(1), waiting(2)], 0, 'gather', GATHER_MS],
  ['some of the time has passed', [sent(1), waiting(2)], 400, 'gather', GATHER_MS - 400],
  ['all of it has passed', [sent(1), waiting(2)], GATHER_MS, 'check', 1],
  ['enough for a call', [...many, waiting(200)], 0, 'check', 100],
  ['another one has failed before', [sent(1), waiting(2, { attempts: 1 })], 0, 'check', 1],
  ['another one was refused', [sent(1), waiting(2, { state: 'blocked', attempts: 1 })], 0, 'check', 1],
  ['another one is completed by the signer', [sent(1), waiting(2, { size: PART_SIZE + 1 })], 0, 'check', 1],
  ['the other one is a download', [sent(1), waiting(2, { direction: 'download' })], 0, 'check', 1],
])('%s', (_, rows, gatheredMs, kind, of) => {
  const plan = nextCheck(rows, gatheredMs, PART_SIZE)
  expect(plan.kind).toBe(kind)
  if (plan.kind === 'check') expect(plan.rows).toHaveLength(of)
  if (plan.kind === 'gather') expect(plan.ms).toBe(of)
})

test('checks those first that were added first, whatever the order of the rows', () => {
  const plan = nextCheck(many.toReversed(), 0, PART_SIZE)
  expect(plan.kind === 'check' && plan.rows.map(({ createdAt }) => createdAt)).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  )
})
