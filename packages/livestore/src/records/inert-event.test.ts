import { decodeEvent, MAX_READABLE_ARGS_LEVELS, type PoolEventName } from '@rockpool/core/records'
import { expect, it } from 'vitest'
import { inertIfTooDeep } from './inert-event.ts'

const eventOf = (levels: number) => ({
  name: 'v1.NoteWritten',
  args: JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown,
  seqNum: 2,
  parentSeqNum: 1,
  clientId: 'a',
  sessionId: 's',
})

it('leaves an event as it is whose args a server may take', () => {
  for (const levels of [1, 500, MAX_READABLE_ARGS_LEVELS]) {
    const event = eventOf(levels)
    expect(inertIfTooDeep(event)).toBe(event)
  }
  const bare = { ...eventOf(1), args: undefined }
  expect(inertIfTooDeep(bare)).toBe(bare)
})

it.each([MAX_READABLE_ARGS_LEVELS + 1, 200_000])(
  'replaces args of %i levels by an event that does nothing',
  (levels) => {
    const event = eventOf(levels)
    const { name, args, ...rest } = inertIfTooDeep(event)
    const { name: _name, args: _args, ...expected } = event
    expect(rest).toEqual(expected)
    expect(decodeEvent(name as PoolEventName, args)).toBeUndefined()
  },
)
