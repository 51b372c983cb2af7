import { IsOfflineError, ServerAheadError, UnknownError } from '@livestore/common'
import { Effect, type Scope, TestClock, TestContext } from 'effect'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { newEvents } from './in-order.ts'
import { refusalOf } from './refusal.ts'
import { makeTokenSync, usableFor } from './token-sync.ts'

describe('newEvents', () => {
  const events = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({
      eventEncoded: { seqNum: from + i, parentSeqNum: from + i - 1 },
    }))
  it.each([
    ['all new', 0, events(1, 3), events(1, 3), 3, false],
    ['all seen', 3, events(1, 3), [], 3, false],
    ['some seen', 2, events(1, 3), events(3, 3), 3, false],
    ['none', 2, [], [], 2, false],
    ['some missing', 2, events(4, 5), events(4, 5), 5, true],
  ])('%s', (_, seen, batch, fresh, last, gap) => {
    expect(newEvents(seen, batch)).toEqual({ batch: fresh, seen: last, gap })
  })
})

describe('usableFor', () => {
  const token = (claims: object) =>
    new SignJWT(claims as Record<string, unknown>).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32))
  it.each([
    ['an hour: renewed 30 s before its end', 3_600, 3_570_000],
    ['40 s: at half its life', 40, 20_000],
    ['over already: soon', -5, 500],
    ['a year: as long as a timer can wait', 31_536_000, 2 ** 31 - 1],
  ])('%s', async (_, seconds, ms) => {
    expect(usableFor(await token({ exp: 1_000_000 + seconds }), 1_000_000_000)).toBe(ms)
  })
  it('has no end when the token has none', async () => {
    expect(usableFor(await token({}), 0)).toBe(2 ** 31 - 1)
  })
})

describe('refusalOf', () => {
  it.each([
    ['what the backend said', new UnknownError({ cause: new Error('You may not.') }), 'You may not.'],
    [
      'nothing, when the connection broke',
      new UnknownError({ cause: Object.assign(new Error('Error in socket'), { _tag: 'RpcClientError' }) }),
      undefined,
    ],
    ['nothing, offline', new IsOfflineError({ cause: new Error('offline') }), undefined],
    [
      'nothing, when others wrote first',
      ServerAheadError.make({ minimumExpectedNum: 2 as never, providedNum: 1 as never }),
      undefined,
    ],
  ])('is %s', (_, error, reason) => {
    expect(refusalOf(error)).toBe(reason)
  })
})

describe('a token that does not come', () => {
  it('is asked for again after 10 s and the wait of a retry', () =>
    Effect.gen(function* () {
      let asked = 0
      const sync = makeTokenSync({
        url: 'http://localhost',
        token: () => {
          asked++
          return new Promise(() => {})
        },
      })
      // Without a token it connects to nothing, and needs nothing.
      yield* sync({ storeId: 'shop', clientId: 'a', payload: {} }) as Effect.Effect<unknown, never, Scope.Scope>
      yield* TestClock.adjust('10 seconds')
      expect(asked).toBe(1)
      yield* TestClock.adjust('1 second')
      expect(asked).toBe(2)
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext), Effect.runPromise))
})
