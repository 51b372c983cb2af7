import { Effect, Either, Fiber, TestClock, TestContext } from 'effect'
import { describe, expect, it } from 'vitest'
import { makeTokens, RIGHTS_RENEWAL_MS, TOKEN_TIMEOUT_MS, type Tokens } from './tokens.ts'

const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims))}.s`

/** Tokens on a clock of the test, from a function that `next` may replace. */
const setup = () => {
  let time = 0
  let asked = 0
  let next: () => Promise<string> = () => Promise.resolve(`token ${asked}`)
  const tokens = makeTokens({
    ask: () => {
      asked++
      return next()
    },
    now: () => time,
    random: () => 0.5,
  })
  return {
    tokens,
    asked: () => asked,
    later: (ms: number) => void (time += ms),
    returns: (ask: () => Promise<string>) => void (next = ask),
  }
}

const get = ({ get }: Tokens) => Effect.runPromise(Effect.either(get))
const right = async (tokens: Tokens) => Either.getOrThrow(await get(tokens))
const left = async (tokens: Tokens) => Either.getOrThrow(Either.flip(await get(tokens)))

describe('tokens', () => {
  it('asks once while a token is good', async () => {
    const { tokens, asked } = setup()
    expect(await Promise.all([right(tokens), right(tokens)])).toEqual(['token 1', 'token 1'])
    expect(await right(tokens)).toBe('token 1')
    expect(asked()).toBe(1)
  })

  it('asks for the next one before the token ends', async () => {
    const { tokens, asked, later, returns } = setup()
    returns(() => Promise.resolve(jwt({ iat: 0, exp: 600 })))
    await right(tokens)
    later(569_999)
    await right(tokens)
    expect(asked()).toBe(1)
    later(1)
    await right(tokens)
    expect(asked()).toBe(2)
  })

  it('uses the token until its end when the next one cannot be had', async () => {
    const { tokens, later, returns } = setup()
    const first = jwt({ iat: 0, exp: 600 })
    returns(() => Promise.resolve(first))
    await right(tokens)
    returns(() => Promise.reject(new Error('no')))
    later(570_000)
    expect(await right(tokens)).toBe(first)
  })

  it('asks at once after the server rejected one', async () => {
    const { tokens, asked } = setup()
    tokens.rejected(await right(tokens), 'expired')
    expect(await right(tokens)).toBe('token 2')
    expect(asked()).toBe(2)
  })

  it('waits before it asks again when the fresh token is rejected too', async () => {
    const { tokens, asked, later } = setup()
    tokens.rejected(await right(tokens), 'expired')
    tokens.rejected(await right(tokens), 'bad signature')
    expect(await left(tokens)).toMatchObject({ reason: 'rejected', message: 'bad signature' })
    expect(asked()).toBe(2)
    later(250)
    expect(await right(tokens)).toBe('token 3')
    tokens.rejected('token 3', 'bad signature')
    later(499)
    await left(tokens)
    later(1)
    expect(await right(tokens)).toBe('token 4')
    expect(asked()).toBe(4)
  })

  it('counts from the beginning after the server took one', async () => {
    const { tokens } = setup()
    tokens.rejected(await right(tokens), 'expired')
    await right(tokens)
    tokens.accepted(undefined)
    tokens.rejected('token 2', 'expired')
    expect(await right(tokens)).toBe('token 3')
  })

  it('ignores the rejection of a token that was replaced', async () => {
    const { tokens, asked } = setup()
    await right(tokens)
    tokens.rejected('an older one', 'expired')
    await right(tokens)
    expect(asked()).toBe(1)
  })

  it('asks for a fresh token 10 s after the last one while the user lacks a right', async () => {
    const { tokens, asked, later } = setup()
    tokens.lacksRight(await right(tokens))
    later(RIGHTS_RENEWAL_MS - 1)
    tokens.accepted(undefined)
    expect(await right(tokens)).toBe('token 1')
    later(1)
    expect(await right(tokens)).toBe('token 2')
    tokens.lacksRight('token 1')
    later(RIGHTS_RENEWAL_MS)
    expect(await right(tokens)).toBe('token 2')
    tokens.lacksRight('token 2')
    expect(await right(tokens)).toBe('token 3')
    expect(asked()).toBe(3)
  })

  it('keeps a token that lacks a right when the next one cannot be had', async () => {
    const { tokens, later, returns } = setup()
    const first = await right(tokens)
    tokens.lacksRight(first)
    returns(() => Promise.reject(new Error('no')))
    later(RIGHTS_RENEWAL_MS)
    expect(await right(tokens)).toBe(first)
  })

  it.each<[string, () => Promise<string>, string]>([
    ['throws', () => Promise.reject(new Error('signed out')), 'signed out'],
    [
      'throws before it returns a promise',
      () => {
        throw new Error('signed out')
      },
      'signed out',
    ],
    ['returns none', () => Promise.resolve(undefined as never), 'returned no token'],
  ])('reports a function that %s, and waits before it asks again', async (_, ask, words) => {
    const { tokens, asked, later, returns } = setup()
    returns(ask)
    const failure = await left(tokens)
    expect(failure.reason).toBe('failed')
    expect(failure.message).toContain(words)
    await left(tokens)
    expect(asked()).toBe(1)
    later(250)
    await left(tokens)
    expect(asked()).toBe(2)
  })

  it('gives up on a function that hangs, after 10 s', () =>
    Effect.gen(function* () {
      const { tokens, returns } = setup()
      returns(() => new Promise(() => {}))
      const fiber = yield* Effect.fork(Effect.either(tokens.get))
      yield* TestClock.adjust(TOKEN_TIMEOUT_MS - 1)
      expect(fiber.unsafePoll()).toBeNull()
      yield* TestClock.adjust(1)
      const failure = Either.getOrThrow(Either.flip(yield* Fiber.join(fiber)))
      expect(failure.message).toContain('10 s')
    }).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise))

  it('takes the server’s time for the end of a token, once it is known', async () => {
    const { tokens, asked, later, returns } = setup()
    // Without iat, and over by the clock of this device: the server decides.
    returns(() => Promise.resolve(jwt({ exp: 1_000 })))
    await right(tokens)
    expect(tokens.renewalDelayMs()).toBe(2 ** 31 - 1)
    tokens.accepted(400_000)
    expect(tokens.renewalDelayMs()).toBe(570_000)
    later(570_000)
    await right(tokens)
    expect(asked()).toBe(2)
  })
})
