/** What a seed decides beside the order of steps: how large the scene is, and how much goes wrong in it. */
import { makeRandom, type Random } from './random.ts'

/** Shares of operations that fail in one way: 0 to 1. None once faults stop. */
const SHARES = {
  // of requests to the signer and the object store
  lostRequests: 0.3,
  lostResponses: 0.3,
  stalls: 0.2,
  unavailable: 0.3,
  /** of PUTs, which a proxy answers with a page of its own and status 200 */
  falseSuccess: 0.4,
  // of downloaded bodies
  truncated: 0.4,
  wrongBytes: 0.5,
  // of operations on the disk
  failedBefore: 0.06,
  failedAfter: 0.06,
  slowDisk: 0.1,
  /** of writes of new content: some parts are on disk while the others are written, and all that is left when the tab dies then */
  tornWrites: 1,
  /** of changes, whose tab or device dies at the moment of the promise */
  killedAtPromises: 0.3,
  /** of adds and replacements that the person stops half-way */
  stoppedAdds: 0.3,
} as const

/** Of downloaded bodies: those that arrive in many pieces, seconds apart, and may be cut between any two of them. */
const SLOW_BODIES = 0.7

/** How often each incident happens within the duration. */
const TIMES = {
  tabsOpened: 6,
  tabsClosed: 3,
  tabsKilled: 5,
  devicesKilled: 4,
  freezes: 5,
  hungTabs: 1,
  outages: 4,
  refusedTokens: 2,
  clockJumps: 2,
  lostIndexes: 2,
  lostObjects: 3,
  lostUploads: 3,
  lostFolders: 1,
  damagedContents: 3,
  fullDisks: 2,
} as const

type Share = keyof typeof SHARES | 'slowBodies'
export type Incident = keyof typeof TIMES
export const INCIDENTS = Object.keys(TIMES) as readonly Incident[]

export interface Settings extends Readonly<Record<Share | Incident, number>> {
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
}

/** Share of worlds in which nothing goes wrong but that tabs come and go. */
const CALM = 0.05
/** Shares of the faults that a world has at all, and of those that it has at their most. */
const HAS_FAULT = 0.5
const HAS_MUCH = 0.2

/**
 * Each world leaves out about half of the faults and has some of the others at their most, since faults hide each other: a
 * device that dies each second never fills its queue (swarm testing, https://doi.org/10.1145/2338965.2336763).
 */
export const makeSettings = (random: Random): Settings => {
  const { int, next, chance } = random
  const isCalm = chance(CALM)
  const amount = (max: number): number => {
    if (isCalm || !chance(HAS_FAULT)) return 0
    return chance(HAS_MUCH / HAS_FAULT) ? max : max * next() * 0.3
  }
  const shares = Object.entries(SHARES).map(([name, max]) => [name, amount(max)])
  const times = Object.entries(TIMES).map(([name, max]) => [name, Math.ceil(amount(max))])
  const settings = {
    devices: chance(0.15) ? 1 : int(2, 3),
    maxTabs: int(1, 3),
    duration: int(5_000, chance(0.3) ? 600_000 : 60_000),
    actions: int(5, chance(0.3) ? 60 : 20),
    contents: int(1, 6),
    diskDelay: chance(0.7) ? 3 : 60,
    networkDelay: chance(0.7) ? 40 : 600,
    ...(Object.fromEntries([...shares, ...times]) as Record<keyof typeof SHARES | Incident, number>),
    ...(isCalm && { tabsOpened: int(0, TIMES.tabsOpened), tabsClosed: int(0, TIMES.tabsClosed) }),
  }
  // By a generator of its own, so that the worlds without slow bodies are what they were before there were any.
  const hasSlowBodies = !isCalm && makeRandom(settings.duration).chance(HAS_FAULT)
  return { ...settings, slowBodies: hasSlowBodies ? SLOW_BODIES : 0 }
}

/** Once faults stop. */
export const healed = (settings: Settings): Settings => ({
  ...settings,
  ...(Object.fromEntries(Object.keys(SHARES).map((name) => [name, 0])) as Record<keyof typeof SHARES, number>),
  slowBodies: 0,
})
