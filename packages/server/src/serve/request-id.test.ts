import { expect, test } from 'vitest'
import { traceIdOf, requestIdOf } from './request-id.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4/

test.each([
  ['an id of a proxy', { 'x-request-id': 'web-1:42.a_b' }, 'web-1:42.a_b'],
  ['an id of a proxy before a trace', { 'x-request-id': 'a', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }, 'a'],
  ['a trace', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }, TRACE],
  ['a trace of a later version', { traceparent: `01-${TRACE}-00f067aa0ba902b7-01-more` }, TRACE],
])('takes %s', (_, headers, id) => {
  expect(requestIdOf(headers)).toBe(id)
})

test.each([
  ['nothing', {}],
  ['an empty id', { 'x-request-id': '' }],
  ['an id with a space', { 'x-request-id': 'a b' }],
  ['an id with a quote', { 'x-request-id': 'a"b' }],
  ['an id of 129 characters', { 'x-request-id': 'a'.repeat(129) }],
  ['a trace of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
  ['a span of zeros', { traceparent: `00-${TRACE}-${'0'.repeat(16)}-01` }],
  ['version ff', { traceparent: `ff-${TRACE}-00f067aa0ba902b7-01` }],
  ['a trace in capitals', { traceparent: `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01` }],
  ['text behind the flags', { traceparent: `00-${TRACE}-00f067aa0ba902b7-01x` }],
])('makes a new id for %s', (_, headers) => {
  expect(requestIdOf(headers)).toMatch(UUID)
  expect(traceIdOf(headers)).toBeUndefined()
})
