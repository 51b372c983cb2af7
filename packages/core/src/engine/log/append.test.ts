import { buildRemoteKey, hashContent } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { memoryRecordLog } from '../../memory/index.ts'
import type { PoolEvent } from '../../records/events.ts'
import { appendEvents } from './append.ts'

const { address } = await hashContent([new Uint8Array(3)])
const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
const event = (id: string): PoolEvent => ({
  name: 'v2.FileAdded',
  opId: `op-${id}`,
  args: { id, name: id, type: 'text/plain', size: 3, remoteKey, meta: {}, at: 1 },
})
const events = ['a', 'bad', 'c'].map((id) => event(id))

/** A log with faults: `refuses` throws at events of this id, `ignores` returns without applying, `closes` then throws. */
const faulty = (fault: 'none' | 'refuses' | 'ignores' | 'closes' | 'closed') => {
  const log = memoryRecordLog({ storeId: 'reef' })
  const appends: string[][] = []
  let closed = fault === 'closed'
  return {
    appends,
    append(given: readonly PoolEvent[]) {
      appends.push(given.map(({ opId }) => opId))
      if (closed) throw new Error('shut down')
      if (fault === 'refuses' && given.some(({ opId }) => opId === 'op-bad')) throw new Error('bad event')
      if (fault === 'closes') closed = true
      else if (fault !== 'ignores') log.append(given)
    },
    applied(opId: string) {
      if (closed) throw new Error('shut down')
      return log.applied(opId)
    },
  }
}

test.each([
  { fault: 'none', outcomes: ['applied', 'applied', 'applied'], appends: 1 },
  { fault: 'refuses', outcomes: ['applied', 'refused', 'applied'], appends: 4 },
  { fault: 'ignores', outcomes: ['pending', 'pending', 'pending'], appends: 1 },
  { fault: 'closes', outcomes: ['pending', 'pending', 'pending'], appends: 1 },
  { fault: 'closed', outcomes: ['pending', 'pending', 'pending'], appends: 4 },
] as const)('a log with the fault "$fault": $outcomes', ({ fault, outcomes, appends }) => {
  const log = faulty(fault)
  expect(appendEvents(log, events).map(({ outcome }) => outcome)).toEqual(outcomes)
  expect(log.appends).toHaveLength(appends)
})

test('the error of a refused event is the log’s own', () => {
  expect(appendEvents(faulty('refuses'), events)[1]).toMatchObject({ error: { cause: { message: 'bad event' } } })
})

test('no events are no append', () => {
  const log = faulty('none')
  expect(appendEvents(log, [])).toEqual([])
  expect(log.appends).toEqual([])
})
