import { addressOfKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { eventMaker } from '../../testing/sample-events.ts'
import { queued } from '../transfers/enqueue.ts'
import { outboxRow, refusedRow } from '../log/outbox-row.ts'
import { isNamed } from './named-content.ts'
import type { TransferRow } from '../../ports/local-index.ts'

const make = eventMaker('store', 'op')
const address = addressOfKey(make.key(1))
const row = outboxRow(make.added('f1'), 1)
const transfer = (content: number) =>
  queued('upload', { remoteKey: make.key(content), size: 3, type: 'image/png' }, 1).change(undefined) as TransferRow

test.each([
  ['nothing', [], [], false],
  ['an event that waits', [row], [], true],
  ['a refused event', [refusedRow(row, { code: 'forbidden', message: 'No.', at: 1 })], [], true],
  ['an event about another bucket', [outboxRow(make.added('f1', { remoteKey: make.key(1, 'photos') }), 1)], [], true],
  ['a replacement by these bytes', [outboxRow(make.replaced('f1', { remoteKey: make.key(1) }), 1)], [], true],
  [
    'events about other bytes, or none',
    [outboxRow(make.replaced('f1'), 1), outboxRow(make.deleted('f1'), 2)],
    [],
    false,
  ],
  ['a transfer', [], [transfer(1)], true],
  ['a transfer of other bytes', [], [transfer(2)], false],
])('names the bytes: %s', (_, outbox, transfers, expected) => {
  expect(isNamed(address, outbox, transfers)).toBe(expected)
})
