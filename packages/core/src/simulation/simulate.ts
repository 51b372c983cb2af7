/**
 * One simulation: people work on several devices while everything goes wrong that may, then faults stop, and the world must
 * come to rest with nothing lost. The same seed takes the same steps.
 */
import { GlobalValue } from 'effect'
import { type Device, makeDevice } from './device.ts'
import { happen, openIfClosed, thaw } from './incidents.ts'
import {
  checkBytes,
  checkDisks,
  checkRecords,
  openEverything,
  watchRemovals,
  whyNotAtRest,
  whyNotCompared,
  whyNotHealed,
  whyNotKnown,
  whyNotPinned,
} from './oracles.ts'
import { makePeople } from './people.ts'
import { healed, INCIDENTS, type Settings } from './settings.ts'
import { makeWorld, type World, type WorldOptions } from './world.ts'

export interface Outcome {
  readonly seed: number
  /** the rule that was broken; undefined: none */
  readonly failure: string | undefined
  readonly steps: number
  /** of all steps; the same for the same seed */
  readonly trace: number
  /** ms that the world took to come to rest after the faults */
  readonly restedAfter: number
  /** events in the log */
  readonly events: number
  readonly counts: ReadonlyMap<string, number>
}

const HOUR = 3_600_000

/** ms. Uploads back off for 5 min, refusals for 15 min, and a loss takes 10 min to conclude. */
const REST_WITHIN = 2 * HOUR

/** ms. What nobody looks at is found by the daily comparison of disk, index and log. */
const COMPARED_WITHIN = 26 * HOUR

/** ms between two looks at a world that should be at rest, at most. */
const MAX_PAUSE = 20 * 60_000

/** Steps between two looks at the bytes of all files, while none go: a file may be restored whose bytes had gone before. */
const LOOK_EVERY = 100

export const simulate = async (seed: number, options: WorldOptions = {}): Promise<Outcome> => {
  const world = makeWorld(seed, options)
  const { random, scheduler, settings } = world
  const devices = Array.from({ length: settings.devices }, (_, i) => makeDevice(world, `d${i + 1}`))
  const people = makePeople(world)
  for (const device of devices) device.openTab()

  const atSomeTime = (name: string, run: () => void) =>
    void scheduler.schedule(undefined, name, random.next() * settings.duration, run)
  for (let i = 0; i < settings.actions; i++) atSomeTime('someone acts', () => people.act(random.pick(devices)))
  for (const incident of INCIDENTS) {
    for (let i = 0; i < settings[incident]; i++) {
      atSomeTime(incident, () => happen(world, incident, random.pick(devices), devices))
    }
  }

  const haveBytesGone = watchRemovals(world, devices)
  while (world.failure === undefined && scheduler.now < settings.duration && (await scheduler.step())) {
    if (!haveBytesGone() && scheduler.steps % LOOK_EVERY !== 0) continue
    // What the step began has its effect first.
    await scheduler.settle()
    await checkBytes(world, devices)
  }
  const healedAt = Math.max(scheduler.now, settings.duration)
  await heal(world, devices)
  await rest(world, devices, healedAt, settings)
  const restedAfter = scheduler.now - healedAt
  if (world.failure === undefined) {
    checkRecords(world, devices, people)
    await checkDisks(world, devices)
    const { check = async () => {} } = world.servers
    await whileStepping(world, check())
  }
  for (const device of devices) device.kill()
  forgetFibers()
  return {
    seed,
    failure: world.failure,
    steps: scheduler.steps,
    trace: scheduler.trace,
    restedAfter,
    events: world.backend.confirmed.length,
    counts: world.counts,
  }
}

/**
 * Effect keeps a list of all fibers without a parent until they end, which those of dead tabs never do. Nothing else refers to
 * them: they take 3 MB a simulation, and a run of a thousand would fill the heap.
 */
const forgetFibers = (): void =>
  GlobalValue.globalValue(Symbol.for('effect/FiberScope/Global'), () => ({ roots: new Set<unknown>() })).roots.clear()

/** Share of devices whose browser says for good that there is no network, once there is one: no event ends their waits. */
const SAYS_OFFLINE = 0.3

/** Faults stop, and every device has a tab that a person sees. */
const heal = async (world: World, devices: readonly Device[]): Promise<void> => {
  world.settings = healed(world.settings)
  world.storage.faults.refuse = undefined
  for (const device of devices) {
    device.clockOffset = 0
    device.disk.setFull(false)
    // The others hear of no return.
    for (const tab of device.tabs) if (tab.isFrozen) thaw(world, tab)
    const saysOnline = !world.random.chance(SAYS_OFFLINE)
    if (!saysOnline) world.count('said to be offline')
    device.setConnected(true, saysOnline)
    openIfClosed(device)
  }
}

/** Steps until nothing is left to do and each file opens on each device: first while bodies still arrive altered or cut short. */
const rest = async (
  world: World,
  devices: readonly Device[],
  healedAt: number,
  { truncated, wrongBytes }: Settings,
): Promise<void> => {
  const { scheduler } = world
  let reason: string | undefined = 'not looked at yet'
  let isRead = false
  let limit = world.needsComparison ? COMPARED_WITHIN : REST_WITHIN
  while (world.failure === undefined && reason !== undefined) {
    const after = scheduler.now - healedAt
    if (after > limit) return world.fail(`does not come to rest: ${reason}`)
    // Later looks are farther apart: what waits for an hour need not be looked at each second.
    const pause = Math.min(Math.max(1_000, after / 10), MAX_PAUSE)
    const soon = scheduler.now + pause
    let steps = 0
    // A world without tasks has come to rest, too: time moves with the look itself.
    scheduler.schedule(undefined, 'a look', pause, () => {})
    while (scheduler.now < soon && (await scheduler.step()))
      if (++steps > MAX_STEPS * (pause / 1_000)) return world.fail('steps without end')
    for (const device of devices) {
      openIfClosed(device)
      resumeIfPaused(device)
      if (after > CLOSE_AFTER) closeOthers(device)
    }
    reason = whyNotAtRest(world, devices) ?? (await whyNotKnown(world, devices)) ?? (await whyNotPinned(world, devices))
    if (reason !== undefined) continue
    reason = await whyNotCompared(devices)
    if (reason !== undefined) limit = COMPARED_WITHIN
    if (reason === undefined && !isRead) {
      isRead = true
      world.settings = { ...world.settings, truncated, wrongBytes }
      await whileStepping(world, openEverything(world, devices))
      world.settings = healed(world.settings)
    }
    reason ??= await whileStepping(world, openEverything(world, devices))
    reason ??= whyNotAtRest(world, devices) ?? (await whyNotHealed(world, devices))
  }
}

/** ms. What takes so long waits for a day, in which each further tab that a person sees asks the leader every 5 s. */
const CLOSE_AFTER = HOUR

const closeOthers = (device: Device): void => {
  for (const tab of device.open.slice(1)) if (!tab.isClosing) void device.closeTab(tab)
}

/** Steps within a simulated second: more is a loop. */
const MAX_STEPS = 20_000

const whileStepping = async <A>(world: World, work: Promise<A>): Promise<A> => {
  let isDone = false
  void work.finally(() => (isDone = true)).catch(() => {})
  while (!isDone && (await world.scheduler.step()));
  return work
}

const resumeIfPaused = ({ disk, open }: Device): void => {
  // A tab that closes at this moment refuses; the next look finds another one.
  if (disk.rows('engine')[0]?.paused) open[0]?.pool?.transfers.resume().catch(() => {})
}
