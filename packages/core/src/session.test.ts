import { afterEach, expect, test, vi } from 'vitest'
import { memoryIndex, memoryIndexStorage } from './memory/local-index.ts'
import { webPlatform } from './platform/web-platform.ts'
import { openSession, type SessionOptions } from './session.ts'

const storeId = 'reef'
const jwt = (claims: object) => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.x`
const claimsOf = (over: object = {}) => ({ sub: 'ann', stores: { reef: ['read', 'write'] }, exp: 1_000, ...over })
const device = memoryIndexStorage
/** Timers are the machine's, which tests fake. */
const clockAt = (now: () => number) => ({ now, setTimer: webPlatform.clock.setTimer })

afterEach(() => void vi.useRealTimers())

const open = (over: Partial<SessionOptions> = {}) =>
  openSession({
    storeId,
    index: memoryIndex(),
    signerUrl: 'https://app/signer',
    token: async () => jwt(claimsOf()),
    clock: clockAt(() => 0),
    ...over,
  })

test('the token is kept in the index, where the service worker finds it', async () => {
  const index = memoryIndex()
  const session = await open({ index })
  expect(session.claims()).toMatchObject({ sub: 'ann' })
  expect(await index.get('session', 'session')).toEqual({
    id: 'session',
    storeId,
    user: 'ann',
    signerUrl: 'https://app/signer',
    token: await session.token(),
  })
})

test('the URL for fresh tokens is kept in the index, too', async () => {
  const index = memoryIndex()
  await open({ index, refreshUrl: 'https://app/token' })
  expect(await index.get('session', 'session')).toMatchObject({ refreshUrl: 'https://app/token' })
})

test('a token is renewed a minute before it expires, once for all who ask', async () => {
  let now = 0
  let asked = 0
  const session = await open({ clock: clockAt(() => now), token: async () => jwt(claimsOf({ n: ++asked })) })
  now = 939_000
  const first = await session.token()
  expect(asked).toBe(1)
  now = 940_000
  const [second, third] = await Promise.all([session.token(), session.token()])
  expect(asked).toBe(2)
  expect(second).toBe(third)
  expect(second).not.toBe(first)
})

test('a token that the signer refused is replaced', async () => {
  let asked = 0
  const session = await open({ token: async () => jwt(claimsOf({ n: ++asked })) })
  await session.token({ fresh: true })
  expect(asked).toBe(2)
})

test('offline, the last known token and user serve; without one the files are still here', async () => {
  const storage = device()
  await open({ index: memoryIndex(storage) })
  const offline = async () => {
    throw new TypeError('Failed to fetch')
  }
  const session = await open({ index: memoryIndex(storage), token: offline })
  expect(session.claims()).toMatchObject({ sub: 'ann' })
  expect(await session.token()).toBe(jwt(claimsOf()))
  const unknown = await open({ token: offline })
  expect(unknown.claims()).toBeUndefined()
  await expect(unknown.token()).rejects.toMatchObject({ code: 'offline' })
})

test("another user's files stay closed", async () => {
  const storage = device()
  await open({ index: memoryIndex(storage) })
  const other = open({ index: memoryIndex(storage), token: async () => jwt(claimsOf({ sub: 'bob' })) })
  await expect(other).rejects.toMatchObject({ code: 'other_user' })
  expect(await memoryIndex(storage).get('session', 'session')).toMatchObject({ user: 'ann' })
})

test('two users who open the store at the same time: one of them is refused', async () => {
  const storage = device()
  const as = (sub: string) => open({ index: memoryIndex(storage), token: async () => jwt(claimsOf({ sub })) })
  const opened = await Promise.allSettled([as('ann'), as('bob')])
  expect(opened).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'other_user' } }])
})

test('a known user is not kept waiting by a dead connection, and each later token is a new call', async () => {
  const storage = device()
  await open({ index: memoryIndex(storage) })
  vi.useFakeTimers()
  let hangs = true
  const answer = async () => jwt(claimsOf({ n: 2 }))
  const opening = open({
    index: memoryIndex(storage),
    clock: clockAt(() => 2_000_000), // the token of the index has expired
    token: () => (hangs ? new Promise(() => {}) : answer()),
  })
  await vi.advanceTimersByTimeAsync(10_000)
  const session = await opening
  expect(session.claims()).toMatchObject({ sub: 'ann' })
  const asked = session.token().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await asked).toMatchObject({ code: 'offline' })
  hangs = false
  expect(await session.token()).toBe(await answer())
})

test('a token that comes after a newer one replaces nothing', async () => {
  const index = memoryIndex()
  const answers: ((token: string) => void)[] = []
  const first = jwt(claimsOf())
  let calls = 0
  const session = await open({
    index,
    clock: clockAt(() => 2_000_000), // every token has expired
    token: () => (calls++ === 0 ? Promise.resolve(first) : new Promise((resolve) => answers.push(resolve))),
  })
  vi.useFakeTimers()
  const late = session.token().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await late).toMatchObject({ code: 'offline' })
  const newer = session.token()
  answers[1]!(jwt(claimsOf({ n: 2 })))
  expect(await newer).toBe(jwt(claimsOf({ n: 2 })))
  answers[0]!(jwt(claimsOf({ n: 1 })))
  await vi.advanceTimersByTimeAsync(0)
  expect(await index.get('session', 'session')).toMatchObject({ token: jwt(claimsOf({ n: 2 })) })
})

test.each([
  ['no JWT', 'secret', 'unauthenticated'],
  ['no claims', jwt({}), 'unauthenticated'],
  ['stores of another shape', jwt({ sub: 'ann', stores: 'reef' }), 'unauthenticated'],
  ['another store', jwt(claimsOf({ stores: { lagoon: ['read'] } })), 'forbidden'],
  ['no right to read', jwt(claimsOf({ stores: { reef: ['write'] } })), 'forbidden'],
])('a wrong token is refused: %s', async (_, token, code) => {
  const index = memoryIndex()
  await expect(open({ index, token: async () => token })).rejects.toMatchObject({ code })
  expect(await index.get('session', 'session')).toBeUndefined()
})
