import { describe, expect, it } from 'vitest'
import { decodeError, decodeHead, decodeLiveMessage, decodePage, decodeRefusals } from './wire.ts'

const event = (seqNum: number) => ({
  name: 'v2.FileDeleted',
  args: { id: 'x' },
  seqNum,
  parentSeqNum: seqNum - 1,
  clientId: 'a',
  sessionId: 's',
})
const log = { backendId: 'b-1', head: 2 }

describe('decodeHead', () => {
  it.each([
    ['a head', log, log],
    ['more fields, which a newer server may send', { ...log, more: true }, log],
    ['no head', { backendId: 'b-1' }, undefined],
    ['a negative head', { backendId: 'b-1', head: -1 }, undefined],
    ['a fraction', { backendId: 'b-1', head: 1.5 }, undefined],
    // LiveStore 0.4.0 puts the backend id into an SQL statement as it is.
    ['a backend id with a quote', { backendId: "x'; DELETE FROM eventlog; --", head: 1 }, undefined],
    ['an empty backend id', { backendId: '', head: 1 }, undefined],
    ['null', null, undefined],
  ])('decodes %s', (_, value, expected) => {
    expect(decodeHead(value)).toEqual(expected)
  })
})

describe('decodePage', () => {
  it.each([
    ['a page', { ...log, events: [event(1), event(2)] }, 0, 0],
    ['an empty page', { ...log, events: [] }, 7, 7],
    ['a page that says where it begins', { ...log, since: 1, events: [event(2)] }, undefined, 1],
    ['a page that does not', { ...log, events: [event(2)] }, undefined, 1],
  ])('decodes %s', (_, value, asked, since) => {
    expect(decodePage(value, asked)).toEqual({ ...log, since, events: value.events })
  })

  it('takes the last event for the head when the head is lower', () => {
    expect(decodePage({ backendId: 'b-1', head: 1, events: [event(2)] })?.head).toBe(2)
  })

  it.each([
    ['a gap', { ...log, events: [event(1), event(3)] }],
    ['events that do not follow the number that was asked for', { ...log, events: [event(2)] }],
    ['an event whose parent is not the number before', { ...log, events: [{ ...event(1), parentSeqNum: 4 }] }],
    ['numbers that are not in order', { ...log, events: [event(2), event(1)] }],
    ['an event without a name', { ...log, events: [{ ...event(1), name: undefined }] }],
    ['no events', log],
  ])('rejects %s', (_, value) => {
    expect(decodePage(value, 0)).toBeUndefined()
  })

  it.each([0, -5, 1.5, 1e300, Number.MAX_SAFE_INTEGER])('rejects an event with the number %d', (seqNum) => {
    expect(decodePage({ ...log, events: [event(seqNum)] }, 0)).toBeUndefined()
  })
})

describe('decodeLiveMessage', () => {
  it.each([
    ['a page', JSON.stringify({ ...log, since: 2, events: [] }), { ...log, since: 2, events: [] }],
    ['the response to a ping', JSON.stringify(log), log],
    ['no JSON', '{', undefined],
    ['binary data', new ArrayBuffer(2), undefined],
  ])('decodes %s', (_, data, expected) => {
    expect(decodeLiveMessage(data)).toEqual(expected)
  })
})

describe('decodeError', () => {
  it.each([
    ['an error', { error: { code: 'forbidden', message: 'No.' } }, { code: 'forbidden', message: 'No.' }],
    ['an error page', '<html>', undefined],
    ['another shape', { error: 'no' }, undefined],
  ])('decodes %s', (_, value, expected) => {
    expect(decodeError(value)).toEqual(expected)
  })
})

describe('decodeRefusals', () => {
  const log = { backendId: 'b', head: 3 }
  const why = { index: 1, code: 'quota_exceeded', message: 'Full.' }
  const usage = { of: 'user', unit: 'bytes', used: 99, limit: 100 }
  const decode = (...refused: readonly unknown[]) => decodeRefusals({ ...log, taken: 1, refused })

  it('have the figures of a quota', () => {
    expect(decode({ ...why, usage })).toEqual({ ...log, taken: 1, refused: [{ ...why, usage }] })
  })

  it.each([undefined, null, 'full', { ...usage, of: 'planet' }, { ...usage, used: '99' }])(
    'have none of another shape: %j',
    (other) => expect(decode({ ...why, usage: other })!.refused).toEqual([why]),
  )

  it.each([[[]], [[why, { ...why, index: -1 }]], [[{ ...why, code: 7 }]]])('are none: %j', (refused) => {
    expect(decode(...refused)).toBeUndefined()
  })
})
