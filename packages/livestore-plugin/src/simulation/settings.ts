/** What a seed decides beside the order of steps: how large the scene is, and how much goes wrong in it. */
import type { Random } from '@rockpool/core/simulation'

export interface Settings {
  readonly devices: number
  readonly maxTabs: number
  /** ms in which events are committed and faults happen */
  readonly duration: number
  /** commits of all devices */
  readonly commits: number
  /** share of events that stay on their device */
  readonly clientOnlyShare: number
  /** share of events that the server refuses */
  readonly refusedShare: number
  /** events in one page of the server */
  readonly pageLimit: number
  /** events of others that the server puts a push behind */
  readonly maxBetween: number
  readonly tabPushLimit: number
  readonly backendPushLimit: number
  /** ms, the usual delay of a message between threads, and of a request */
  readonly threadDelay: number
  readonly networkDelay: number
  /** shares of requests and messages */
  readonly lostRequests: number
  readonly lostResponses: number
  readonly lateRequests: number
  /** share of requests that a server answers with 503 */
  readonly unavailable: number
  readonly faultyBroadcasts: number
  /** share of writes to the disk in whose middle the leader ends */
  readonly killedWrites: number
  /** share of writes that take long */
  readonly slowWrites: number
  /** how often each thing happens within `duration`, on average */
  readonly tabsOpened: number
  readonly tabsKilled: number
  readonly leadersKilled: number
  readonly leadersRestarted: number
  readonly outages: number
  readonly serverRestarts: number
  readonly freezes: number
  readonly reloads: number
  /** pushes of a member who does not use our client */
  readonly intrusions: number
}

export const makeSettings = (random: Random): Settings => {
  const { int, next, chance } = random
  /** nothing, a little or a lot */
  const some = (max: number) => (chance(0.4) ? 0 : next() * (chance(0.5) ? max / 4 : max))
  const often = (max: number) => Math.ceil(some(max))
  const isCalm = chance(0.1)
  const isBusy = chance(0.25)
  const unlessCalm = (value: number) => (isCalm ? 0 : value)
  return {
    devices: int(2, chance(0.3) ? 4 : 2),
    maxTabs: int(1, 3),
    duration: int(500, chance(0.3) ? 15_000 : 4_000),
    commits: isBusy ? int(40, 90) : int(4, 40),
    clientOnlyShare: chance(0.5) ? 0 : next() * 0.5,
    refusedShare: chance(0.7) ? 0 : next() * 0.5,
    pageLimit: chance(0.5) ? int(1, 5) : int(5, 100),
    maxBetween: chance(0.3) ? int(0, 5) : 10_000,
    tabPushLimit: chance(0.5) ? int(1, 5) : 100,
    backendPushLimit: chance(0.5) ? int(1, 5) : 500,
    threadDelay: chance(0.6) ? 2 : 50,
    networkDelay: chance(0.7) ? 20 : 300,
    lostRequests: unlessCalm(some(0.3)),
    lostResponses: unlessCalm(some(0.3)),
    lateRequests: unlessCalm(some(0.1)),
    unavailable: unlessCalm(some(0.1)),
    faultyBroadcasts: unlessCalm(some(0.8)),
    killedWrites: unlessCalm(some(0.1)),
    slowWrites: unlessCalm(some(0.3)),
    tabsOpened: often(6),
    tabsKilled: unlessCalm(often(4)),
    leadersKilled: unlessCalm(often(6)),
    leadersRestarted: unlessCalm(often(isBusy ? 40 : 6)),
    outages: unlessCalm(often(3)),
    serverRestarts: unlessCalm(often(2)),
    freezes: unlessCalm(often(4)),
    reloads: unlessCalm(often(4)),
    intrusions: unlessCalm(chance(0.5) ? 0 : often(12)),
  }
}

/** Once faults stop. */
export const healed = (settings: Settings): Settings => ({
  ...settings,
  lostRequests: 0,
  lostResponses: 0,
  lateRequests: 0,
  unavailable: 0,
  faultyBroadcasts: 0,
  killedWrites: 0,
  slowWrites: 0,
})
