/** What a seed decides beside the order of steps: how large the scene is, and how much goes wrong in it. */
import type { Random } from './random.ts'

export interface Settings {
  readonly devices: number
  /** of one device at a time */
  readonly maxTabs: number
  /** ms in which people work and faults happen */
  readonly duration: number
  /** of all devices */
  readonly actions: number
  /** different contents that people have: the same bytes come from several devices */
  readonly contents: number
  /** ms, the usual time of a step on disk, and of a request */
  readonly diskDelay: number
  readonly networkDelay: number
  /** shares of requests to the signer and the object store */
  readonly lostRequests: number
  readonly lostResponses: number
  readonly stalls: number
  readonly unavailable: number
  /** share of PUTs that a proxy answers with a page of its own and status 200 */
  readonly falseSuccess: number
  /** shares of downloaded bodies */
  readonly truncated: number
  readonly wrongBytes: number
  /** shares of operations on the disk */
  readonly failedBefore: number
  readonly failedAfter: number
  readonly slowDisk: number
  /** how often each thing happens within `duration` */
  readonly tabsOpened: number
  readonly tabsClosed: number
  readonly tabsKilled: number
  readonly devicesKilled: number
  readonly freezes: number
  readonly outages: number
  readonly refusedTokens: number
  readonly clockJumps: number
  readonly lostIndexes: number
  readonly lostObjects: number
  readonly lostFolders: number
  readonly damagedContents: number
  readonly fullDisks: number
}

export const makeSettings = (random: Random): Settings => {
  const { int, next, chance } = random
  /** nothing, a little or a lot */
  const some = (max: number) => (chance(0.4) ? 0 : next() * (chance(0.5) ? max / 4 : max))
  const often = (max: number) => Math.ceil(some(max))
  const isCalm = chance(0.1)
  const unlessCalm = (value: number) => (isCalm ? 0 : value)
  return {
    devices: int(1, 3),
    maxTabs: int(1, 2),
    duration: int(5_000, chance(0.3) ? 600_000 : 60_000),
    actions: int(3, chance(0.3) ? 40 : 15),
    contents: int(1, 6),
    diskDelay: chance(0.7) ? 3 : 60,
    networkDelay: chance(0.7) ? 40 : 600,
    lostRequests: unlessCalm(some(0.3)),
    lostResponses: unlessCalm(some(0.3)),
    stalls: unlessCalm(some(0.1)),
    unavailable: unlessCalm(some(0.2)),
    falseSuccess: unlessCalm(some(0.3)),
    truncated: unlessCalm(some(0.3)),
    wrongBytes: unlessCalm(some(0.2)),
    failedBefore: unlessCalm(some(0.05)),
    failedAfter: unlessCalm(some(0.05)),
    slowDisk: unlessCalm(some(0.1)),
    tabsOpened: often(5),
    tabsClosed: often(3),
    tabsKilled: unlessCalm(often(5)),
    devicesKilled: unlessCalm(often(4)),
    freezes: unlessCalm(often(3)),
    outages: unlessCalm(often(4)),
    refusedTokens: unlessCalm(often(2)),
    clockJumps: unlessCalm(often(2)),
    lostIndexes: unlessCalm(often(2)),
    lostObjects: unlessCalm(often(2)),
    lostFolders: unlessCalm(often(1)),
    damagedContents: unlessCalm(often(2)),
    fullDisks: unlessCalm(often(1)),
  }
}

/** Once faults stop. */
export const healed = (settings: Settings): Settings => ({
  ...settings,
  lostRequests: 0,
  lostResponses: 0,
  stalls: 0,
  unavailable: 0,
  falseSuccess: 0,
  truncated: 0,
  wrongBytes: 0,
  failedBefore: 0,
  failedAfter: 0,
  slowDisk: 0,
})
