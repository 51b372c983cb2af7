/** Tokens of a real server: expired, bad, too late, and on a device whose clock is wrong. */
import { signToken } from '@rockpool/access/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFaultProxy } from '../testing/fault-proxy.ts'
import {
  type Device,
  eventsAfter,
  markLeader,
  newStoreId,
  openDevice,
  type RunningPull,
  startServer,
} from '../testing/sync-device.ts'

beforeEach(() => void markLeader())
afterEach(() => void vi.restoreAllMocks())

const DAY_MS = 86_400_000
const realNow = Date.now

/** The server has the right time, whatever the device believes. */
const serverClock = {
  now: () => realNow(),
  setTimer: (run: () => void, ms: number) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

const setup = async (token: (storeId: string, count: number) => Promise<string>) => {
  const { url } = await startServer({ clock: serverClock })
  const proxy = await startFaultProxy(url)
  onTestFinished(proxy.close)
  const storeId = newStoreId()
  let asked = 0
  const device = await openDevice({ url: proxy.url, storeId, token: () => token(storeId, ++asked) })
  return { proxy, storeId, device, pull: device.pull(), asked: () => asked }
}

const expectSync = async (device: Device, pull: RunningPull) => {
  await device.time.until(() => device.isConnected())
  const before = pull.seqNums().length
  expect((await device.push(eventsAfter(before, 'one'))).tag).toBe('taken')
  await device.time.until(() => pull.seqNums().length === before + 1)
}

it('asks for a fresh token at once when the server rejects the first one, and reports nothing', async () => {
  const { device, pull, asked } = await setup((storeId, count) =>
    signToken(storeId, { expiresIn: count === 1 ? -60 : 3_600 }),
  )
  await expectSync(device, pull)
  expect(asked()).toBe(2)
  expect(device.statuses.every(({ state }) => state === 'online')).toBe(true)
})

it('reports a token that is never good, asks with back-off, and recovers', async () => {
  let isGood = false
  const { device, pull, asked } = await setup((storeId) =>
    signToken(storeId, isGood ? {} : { secret: 'another secret, 32 bytes at least' }),
  )
  await device.time.until(() => device.status() === 'unauthenticated')
  expect(device.statuses.at(-1)!.state).toBe('refused')
  await device.time.pass(60_000, 100)
  expect(asked()).toBeGreaterThan(3)
  expect(asked()).toBeLessThan(25)
  isGood = true
  await expectSync(device, pull)
  expect(device.status()).toBe('connected')
})

it.each([
  ['write', ['read']],
  ['read', []],
] as const)(
  'takes up the right to %s soon after it is given, although the token is good for an hour',
  async (_, rights) => {
    let isGiven = false
    const { proxy, device, pull, asked } = await setup((storeId) =>
      signToken(storeId, isGiven ? {} : { rights: [...rights] }),
    )
    const push = () => device.push(eventsAfter(pull.seqNums().length, 'one'))
    await device.time.until(() => asked() > 0)
    expect((await push()).tag).toBe('UnknownError')
    await device.time.until(() => device.status() === 'forbidden')
    await device.time.pass(60_000, 100)
    expect(asked()).toBeLessThan(10)
    isGiven = true
    const given = device.time.now()
    while ((await push()).tag !== 'taken') await device.time.pass(1_000)
    await device.time.until(() => device.status() === 'connected' && pull.seqNums().length === 1 && proxy.sockets === 1)
    expect(device.time.now() - given).toBeLessThan(45_000)
  },
)

it('replaces a socket whose token has expired, without a pause for the device', async () => {
  // The server allows 30 s of skew, so this token ends in 1 to 2 s.
  const { proxy, device, pull, asked } = await setup((storeId, count) =>
    signToken(storeId, { expiresIn: count === 1 ? -28 : 3_600 }),
  )
  await device.time.until(() => proxy.sockets === 1)
  await vi.waitUntil(() => proxy.sockets === 0, { timeout: 5_000, interval: 5 })
  await device.time.until(() => proxy.sockets === 1)
  await expectSync(device, pull)
  expect(asked()).toBe(2)
  expect(device.statuses.every(({ state }) => state === 'online')).toBe(true)
})

it('replaces the socket before its token ends', async () => {
  const { proxy, device, pull, asked } = await setup((storeId) => signToken(storeId, { expiresIn: 120 }))
  await device.time.until(() => proxy.sockets === 1)
  await device.time.until(() => asked() === 2, 120_000, 100)
  await device.time.until(() => proxy.upgrades === 2 && proxy.sockets === 1)
  await expectSync(device, pull)
  expect(device.statuses.every(({ state }) => state === 'online')).toBe(true)
})

describe.each([
  ['a day ahead', DAY_MS],
  ['a day behind', -DAY_MS],
  ['11 minutes ahead', 660_000],
])('on a device whose clock is %s', (_, offset) => {
  beforeEach(() => void vi.spyOn(Date, 'now').mockImplementation(() => realNow() + offset))

  it('syncs over one connection with one token', async () => {
    const { proxy, device, pull, asked } = await setup((storeId) => signRealToken(storeId, 600))
    await expectSync(device, pull)
    await device.time.pass(60_000, 100)
    await expectSync(device, pull)
    expect(asked()).toBe(1)
    expect(proxy.upgrades).toBe(1)
    expect(device.status()).toBe('connected')
  })

  it('recovers from an expired token', async () => {
    const { device, pull, asked } = await setup((storeId, count) => signRealToken(storeId, count === 1 ? -60 : 600))
    await expectSync(device, pull)
    expect(asked()).toBe(2)
  })

  /** `signToken` takes the time of the device. */
  const signRealToken = (storeId: string, expiresIn: number) =>
    signToken(storeId, { expiresIn: expiresIn - Math.round(offset / 1_000) })
})

describe('a token function', () => {
  it.each<[string, () => Promise<string>]>([
    ['throws', () => Promise.reject(new Error('signed out'))],
    ['hangs', () => new Promise(() => {})],
  ])('that %s is reported, asked again, and sync recovers', async (_, broken) => {
    let isBroken = true
    const { device, pull, asked } = await setup((storeId) => (isBroken ? broken() : signToken(storeId)))
    await device.time.until(() => device.status() === 'token_failed')
    expect(device.statuses.at(-1)!.state).toBe('stuck')
    const before = asked()
    await device.time.until(() => asked() > before)
    let outcome: string | undefined
    void device.push(eventsAfter(0, 'one')).then(({ tag }) => (outcome = tag))
    expect(await device.time.until(() => outcome !== undefined)).toBeLessThan(20_000)
    expect(outcome).toBe('UnknownError')
    isBroken = false
    await expectSync(device, pull)
    expect(device.status()).toBe('connected')
  })
})

it('never puts a token into a URL', async () => {
  const urls: string[] = []
  const { url } = await startServer()
  const storeId = newStoreId()
  const token = await signToken(storeId)
  const device = await openDevice({
    url,
    storeId,
    token: async () => token,
    fetch: (input, init) => {
      urls.push(String(input))
      return fetch(input, init)
    },
    WebSocket: class extends WebSocket {
      constructor(input: string | URL, protocols?: string | string[]) {
        urls.push(String(input))
        super(input, protocols)
      }
    },
  })
  const pull = device.pull()
  await expectSync(device, pull)
  await device.time.until(() => urls.some((each) => each.startsWith('ws')))
  for (const each of urls) for (const part of token.split('.')) expect(each).not.toContain(part)
})
