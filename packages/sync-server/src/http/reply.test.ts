import { describe, expect, it } from 'vitest'
import { toResponse } from './reply.ts'

describe('toResponse', () => {
  it('is a response as any other: its pieces are one body', async () => {
    const body = ['{"events":[', new TextEncoder().encode('"über"'), ',', new TextEncoder().encode('"all"'), ']}']
    const response = toResponse({ status: 409, headers: { 'content-type': 'application/json' }, body })
    expect([response.status, response.headers.get('content-type')]).toEqual([409, 'application/json'])
    expect(await response.json()).toEqual({ events: ['über', 'all'] })
  })

  it('has no body for no pieces, as the status 204 requires', () => {
    expect(toResponse({ status: 204, headers: {}, body: [] }).body).toBeNull()
  })

  it('passes a stream on', async () => {
    const body = new Blob(['a', 'b']).stream()
    expect(await toResponse({ status: 200, headers: {}, body }).text()).toBe('ab')
  })
})
