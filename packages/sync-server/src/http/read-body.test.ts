import { describe, expect, it } from 'vitest'
import { testClock } from '../testing/clock.ts'
import { isSyncError } from './errors.ts'
import { BODY_TIMEOUT_MS, DISCARD_TIMEOUT_MS, MAX_BODY_BYTES, MAX_DISCARDED_BYTES, readBody } from './read-body.ts'

const CHUNK = 256 * 1024

interface Upload {
  /** bytes that the client sends, in chunks of {@link CHUNK} */
  readonly sent: number
  /** what it says about that */
  readonly declared?: number
  /** whether the client ends the body, or stays silent after these bytes */
  readonly ends?: boolean
}

/** A client whose body is read chunk by chunk. */
const upload = ({ sent, declared, ends = true }: Upload) => {
  const clock = testClock()
  const client = new AbortController()
  const silent = Promise.withResolvers<void>()
  let read = 0
  let isCancelled = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const size = Math.min(CHUNK, sent - read)
        read += size
        if (size > 0) return controller.enqueue(new Uint8Array(size).fill(0x78))
        if (ends) return controller.close()
        silent.resolve()
        return new Promise(() => {})
      },
      cancel: () => void (isCancelled = true),
    },
    { highWaterMark: 0 },
  )
  const headers: HeadersInit = declared === undefined ? {} : { 'content-length': `${declared}` }
  const init = { method: 'POST', body, headers, signal: client.signal, duplex: 'half' as const }
  const outcome = readBody(new Request('http://localhost/', init), clock).then(
    (text) => text.length,
    (error: unknown) => (isSyncError(error) ? error.code : error),
  )
  return {
    clock,
    client,
    outcome,
    isSilent: silent.promise,
    get read() {
      return read
    },
    get isCancelled() {
      return isCancelled
    },
  }
}

const LIMIT = MAX_BODY_BYTES
const ALL = LIMIT + MAX_DISCARDED_BYTES

describe('readBody', () => {
  it.each<[string, Upload, outcome: number | string, read: number]>([
    ['returns a body of the limit', { sent: LIMIT }, LIMIT, LIMIT],
    ['returns a body of the limit with its length', { sent: LIMIT, declared: LIMIT }, LIMIT, LIMIT],
    ['reads a body over the limit to its end', { sent: 2 * LIMIT }, 'too_large', 2 * LIMIT],
    ['reads a body whose length is over the limit', { sent: 2 * LIMIT, declared: 2 * LIMIT }, 'too_large', 2 * LIMIT],
    ['reads no more than the bound', { sent: 2 * ALL }, 'too_large', ALL + CHUNK],
    ['reads nothing when the length is over the bound', { sent: 2 * ALL, declared: ALL + 1 }, 'too_large', 0],
  ])('%s', async (_, body, outcome, read) => {
    const uploaded = upload(body)
    expect([await uploaded.outcome, uploaded.read]).toEqual([outcome, read])
    expect(uploaded.clock.timers).toBe(0)
  })

  it.each<[string, Upload, ms: number, outcome: string]>([
    ['request_timeout for a body that stops', { sent: 100, ends: false }, BODY_TIMEOUT_MS, 'request_timeout'],
    ['too_large for one that stops over the limit', { sent: LIMIT + 1, ends: false }, DISCARD_TIMEOUT_MS, 'too_large'],
  ])('throws %s, after its time', async (_, body, ms, outcome) => {
    const uploaded = upload(body)
    await uploaded.isSilent
    uploaded.clock.advance(ms - 1)
    expect(uploaded.clock.timers).toBe(1)
    uploaded.clock.advance(1)
    expect(await uploaded.outcome).toBe(outcome)
    expect([uploaded.isCancelled, uploaded.clock.timers]).toEqual([true, 0])
  })

  it.each<[string, number, string]>([
    ['bad_request when the client leaves', 100, 'bad_request'],
    ['too_large when it leaves a body over the limit', LIMIT + 1, 'too_large'],
  ])('throws %s', async (_, sent, outcome) => {
    const uploaded = upload({ sent, ends: false })
    await uploaded.isSilent
    uploaded.client.abort()
    expect(await uploaded.outcome).toBe(outcome)
    expect([uploaded.isCancelled, uploaded.clock.timers]).toEqual([true, 0])
  })
})
