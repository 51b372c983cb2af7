import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_PUSH_BYTES, MAX_PUSH_EVENTS, splitPush } from './push-split.ts'
import type { SyncEvent } from './wire.ts'

const event = (seqNum: number, text = ''): SyncEvent =>
  ({ name: 'x', args: { text }, seqNum, parentSeqNum: seqNum - 1, clientId: 'a', sessionId: 's' }) as never
const list = (count: number, text = '') => Array.from({ length: count }, (_, index) => event(index + 1, text))

describe('splitPush', () => {
  it('keeps a small push whole', () => {
    expect(splitPush(list(50))).toEqual([list(50)])
  })

  it('sends at most 1,000 events in one request', () => {
    expect(splitPush(list(2_500)).map(({ length }) => length)).toEqual([1_000, 1_000, 500])
  })

  it('sends at most 1 MiB in one request, counted in UTF-8', () => {
    const requests = splitPush(list(100, 'ü'.repeat(15_000)))
    expect(requests.length).toBe(3)
    for (const events of requests) {
      const body = JSON.stringify({ backendId: 'b'.repeat(200), parent: Number.MAX_SAFE_INTEGER, events })
      expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(MAX_PUSH_BYTES)
    }
  })

  it('gives an event that is too large a request of its own', () => {
    expect(
      splitPush([event(1), event(2, 'x'.repeat(2 * MAX_PUSH_BYTES)), event(3)]).map(({ length }) => length),
    ).toEqual([1, 1, 1])
  })

  it('sends every event once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000)), fc.integer({ min: 1_024, max: 20_000 }), (sizes, maxBytes) => {
        const events = sizes.map((size, index) => event(index + 1, 'x'.repeat(size)))
        const requests = splitPush(events, { maxBytes })
        expect(requests.flat()).toEqual(events)
        for (const request of requests) {
          expect(request.length).toBeGreaterThan(0)
          expect(request.length).toBeLessThanOrEqual(MAX_PUSH_EVENTS)
        }
      }),
    )
  })
})
