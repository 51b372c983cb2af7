/** What happens in a world under faults, and when: decided by the seed alone. How far each step gets is the browser's. */
import { makeRandom, type Random } from '@rockpool/core/simulation'
import type { ActionName } from './app/src/actions.ts'
import { CALM, type Fault, type RequestKind, type Weather } from './weather.ts'

export type Operation =
  | { readonly kind: 'act'; readonly action: ActionName; readonly content: number; readonly file: number }
  | { readonly kind: 'weather'; readonly weather: Weather }
  /** SIGKILL of the browser; it is opened again after `closedMs` */
  | { readonly kind: 'kill'; readonly closedMs: number }
  | { readonly kind: 'openTab' }
  | { readonly kind: 'closeTab' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'freeze'; readonly frozenMs: number }

export interface Step {
  /** ms since the start */
  readonly at: number
  /** 0 to `devices` - 1 */
  readonly device: number
  readonly operation: Operation
}

export interface Plan {
  readonly seed: number
  readonly devices: number
  readonly durationMs: number
  /** by `at` */
  readonly steps: readonly Step[]
  /** SIGKILL of the servers of all devices; they start again after `closedMs` */
  readonly serverKills: readonly { readonly at: number; readonly closedMs: number }[]
}

/** Numbers of the contents that people have: the same bytes come from several devices. */
export const CONTENTS = 30

const SHARES: Readonly<Record<ActionName, number>> = {
  add: 14,
  addStream: 3,
  addMany: 3,
  replace: 6,
  rename: 4,
  remove: 4,
  restore: 3,
  pin: 3,
  unpin: 1,
  retry: 1,
  pause: 1,
  resume: 2,
  open: 5,
  stream: 4,
  fetch: 6,
}
const ACTIONS = (Object.entries(SHARES) as [ActionName, number][]).flatMap(([name, share]) =>
  Array.from({ length: share }, () => name),
)

const FAULTS: readonly Fault[] = [
  'lostRequest',
  'lostResponse',
  'stall',
  'delay',
  'unavailable',
  'truncated',
  'altered',
  'falseSuccess',
]
const KINDS: readonly (readonly RequestKind[])[] = [
  ['signer', 'sync', 'token', 'object'],
  ['object'],
  ['object'],
  ['signer', 'object'],
  ['signer'],
  ['sync'],
  ['sync', 'token'],
]

const makeWeather = (random: Random): Weather => {
  if (random.chance(0.2)) return CALM
  if (random.chance(0.15)) return { ...CALM, isDown: true }
  const chosen = FAULTS.filter(() => random.chance(0.4))
  const share = random.pick([0.2, 0.5, 0.8]) / Math.max(1, chosen.length)
  return {
    faults: Object.fromEntries(chosen.map((fault) => [fault, share])),
    kinds: random.pick(KINDS),
    isDown: false,
  }
}

/** Mean ms between two operations of one device. */
const ACT_EVERY = 1_200
const WEATHER_EVERY = 6_000
const INCIDENT_EVERY = 12_000
const KILL_SERVERS_EVERY = 60_000

const makeIncident = (random: Random): Operation => {
  const kind = random.pick(['kill', 'kill', 'openTab', 'openTab', 'closeTab', 'reload', 'freeze'] as const)
  if (kind === 'kill') return { kind, closedMs: random.int(0, 2_000) }
  return kind === 'freeze' ? { kind, frozenMs: random.int(1_000, 25_000) } : { kind }
}

const makeWeatherChange = (random: Random): Operation => ({ kind: 'weather', weather: makeWeather(random) })

const makeAct = (random: Random): Operation => ({
  kind: 'act',
  action: random.pick(ACTIONS),
  content: random.int(0, CONTENTS - 1),
  file: random.next(),
})

export const makePlan = (seed: number, durationMs: number): Plan => {
  const random = makeRandom(seed)
  const devices = random.int(2, 3)
  const every = <A>(meanMs: number, make: (at: number) => A): A[] => {
    const made: A[] = []
    for (let at = 2 * meanMs * random.next(); at < durationMs; at += 2 * meanMs * random.next())
      made.push(make(Math.round(at)))
    return made
  }
  const steps = Array.from({ length: devices }, (_, device) => [
    ...every(ACT_EVERY, (at) => ({ at, device, operation: makeAct(random) })),
    ...every(WEATHER_EVERY, (at) => ({ at, device, operation: makeWeatherChange(random) })),
    ...every(INCIDENT_EVERY, (at) => ({ at, device, operation: makeIncident(random) })),
  ]).flat()
  const serverKills = every(KILL_SERVERS_EVERY, (at) => ({ at, closedMs: random.int(0, 5_000) }))
  return { seed, devices, durationMs, steps: steps.toSorted((a, b) => a.at - b.at), serverKills }
}
