import { describe, expect, it } from 'vitest'
import { eventToJson, isSameEvent, type LogEvent } from './event.ts'

const EVENT: LogEvent = { name: 'v1.A', argsJson: '{"a":1}', seqNum: 3, clientId: 'c', sessionId: 's' }
const isSame = (change: Partial<LogEvent>, other: Partial<LogEvent> = {}) =>
  isSameEvent({ ...EVENT, ...change }, { ...EVENT, ...other })

describe('isSameEvent', () => {
  it.each<[string, Partial<LogEvent>]>([
    ['name', { name: 'v1.B' }],
    ['seqNum', { seqNum: 4 }],
    ['clientId', { clientId: 's', sessionId: 'c' }],
    ['args', { argsJson: '{"a":2}' }],
    ['type of a value', { argsJson: '{"a":"1"}' }],
    ['a list in place of an object', { argsJson: '[["a",1]]' }],
    ['an object like the form of a list', { argsJson: '{"list":[["a",1]]}' }],
    ['no args', { argsJson: undefined }],
    ['args null', { argsJson: 'null' }],
    ['a key __proto__', { argsJson: '{"a":1,"__proto__":{"b":1}}' }],
  ])('differs by: %s', (_, change) => {
    expect(isSame(change)).toBe(false)
  })

  it('does not depend on the order of keys, at any depth', () => {
    const [one, other] = ['{"a":[{"b":1,"c":2}],"d":3}', '{"d":3,"a":[{"c":2,"b":1}]}']
    expect(isSame({ argsJson: one }, { argsJson: other })).toBe(true)
  })

  it('depends on the order of a list', () => {
    expect(isSame({ argsJson: '[1,2]' }, { argsJson: '[2,1]' })).toBe(false)
  })
})

describe('eventToJson', () => {
  it('writes args as they are, and leaves out args that are not there', () => {
    expect(eventToJson({ ...EVENT, argsJson: '{"z":-0, "a":1}' })).toBe(
      '{"name":"v1.A","args":{"z":-0, "a":1},"seqNum":3,"parentSeqNum":2,"clientId":"c","sessionId":"s"}',
    )
    expect(JSON.parse(eventToJson({ ...EVENT, argsJson: undefined }))).not.toHaveProperty('args')
  })
})
