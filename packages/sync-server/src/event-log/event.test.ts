import { describe, expect, it } from 'vitest'
import { eventToJson, hashEvent, type LogEvent } from './event.ts'

const EVENT: LogEvent = { name: 'v1.A', argsJson: '{"a":1}', seqNum: 3, clientId: 'c', sessionId: 's' }
const hash = (change: Partial<LogEvent>) => hashEvent({ ...EVENT, ...change })

describe('hashEvent', () => {
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
  ])('differs by: %s', async (_, change) => {
    expect(await hash(change)).not.toBe(await hash({}))
  })

  it('does not depend on the order of keys, at any depth', async () => {
    const [one, other] = ['{"a":[{"b":1,"c":2}],"d":3}', '{"d":3,"a":[{"c":2,"b":1}]}']
    expect(await hash({ argsJson: one })).toBe(await hash({ argsJson: other }))
  })

  it('depends on the order of a list', async () => {
    expect(await hash({ argsJson: '[1,2]' })).not.toBe(await hash({ argsJson: '[2,1]' }))
  })

  it('stays the same between versions: it is stored', async () => {
    expect(await hash({})).toBe('094d8a4d8546ec40fbc49eec532dbfa799905a2a2845985a199bd8822984659c')
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
