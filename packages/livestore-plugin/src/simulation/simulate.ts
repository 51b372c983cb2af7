/** One simulation from one seed: a scene with faults, then calm, until all agree. */
import { BrokenRule, disagreement, idOf, makeChecks } from './checks.ts'
import { type Device, makeDevice } from './device.ts'
import { makeIntruder } from './intruder.ts'
import { type Machines, REAL_MACHINES } from './machines.ts'
import { makeNetwork, type Network } from './network.ts'
import { makeRandom } from '@rockpool/core/simulation'
import { type CommitRecord, playScene } from './scene.ts'
import { makeServer, type Server, type ServerOptions } from './server.ts'
import { healed, makeSettings, type Settings } from './settings.ts'
import { type Happening, makeWorld } from './world.ts'

/** ms of calm after which all have to agree: the watchdog's steps and the longest pauses fit several times. */
export const AGREE_WITHIN = 120_000
/** Far above what any seed needs: something goes round in a circle. */
const MAX_STEPS = 300_000
const LOOK_EVERY = 200

export interface SimulationOptions {
  readonly machines?: Machines
  /** gets each step */
  readonly log?: (line: string) => void
  readonly changeSettings?: (settings: Settings) => Settings
  readonly makeServer?: (options: ServerOptions) => Server
}

export interface Outcome {
  readonly seed: number
  /** undefined: all rules held, and all agree */
  readonly failure: string | undefined
  readonly steps: number
  /** virtual ms of calm until all agreed */
  readonly agreedAfter: number
  readonly hash: number
  readonly events: number
  readonly counts: Readonly<Record<Happening, number>>
}

export const simulate = async (seed: number, options: SimulationOptions = {}): Promise<Outcome> => {
  const { runStep, settle, outcome } = prepare(seed, options)
  while (runStep()) {
    const settled = settle()
    if (settled !== undefined) await settled
  }
  return outcome()
}

interface Scene {
  readonly runStep: () => boolean
  readonly settle: () => Promise<void> | undefined
  readonly outcome: () => Outcome
}

export const settingsOf = (seed: number): Settings => makeSettings(makeRandom(-seed - 1))

const prepare = (seed: number, options: SimulationOptions): Scene => {
  const { machines = REAL_MACHINES, log, changeSettings = (same) => same } = options
  const settings = changeSettings(settingsOf(seed))
  const world = makeWorld(seed, log)
  world.note(JSON.stringify(settings))
  let current = settings
  const checks = makeChecks((id) => intruder.hasPushed(id))
  const commits: CommitRecord[] = []
  const network: Network = makeNetwork(
    world,
    () => current,
    () => server,
  )
  const server: Server = (options.makeServer ?? makeServer)({
    machines,
    pageLimit: settings.pageLimit,
    maxBetween: settings.maxBetween,
    clock: { now: world.now, setTimer: (run, ms) => world.after(ms, 'server timer', run) },
    publish: (message) => network.publish(message),
  })
  const devices: Device[] = Array.from({ length: settings.devices }, (_, index) =>
    makeDevice({ world, machines, settings: () => current, network, checks, index }),
  )
  const intruder = makeIntruder({ world, network, server, devices })
  playScene({ world, settings, devices, network, intrude: intruder.push, onCommit: (commit) => commits.push(commit) })

  let failure: string | undefined
  let agreedAfter = 0
  let isOver = false

  const look = () => {
    const problem = disagreement(devices, server.log()) ?? lostCommit(commits, devices, checks.saved())
    agreedAfter = world.now() - settings.duration
    if (problem === undefined) isOver = true
    else if (agreedAfter > AGREE_WITHIN) world.fail(`after ${Math.round(agreedAfter)} ms of calm: ${problem}`)
    else world.after(LOOK_EVERY, 'look', look)
  }
  world.after(settings.duration, 'faults stop', () => {
    current = healed(settings)
    for (const device of devices) if (device.tabs().length === 0) device.openTab()
    look()
  })

  return {
    settle: network.settle,
    runStep: () => {
      const isRunning = world.step()
      try {
        checks.afterStep(devices, server.log())
      } catch (error) {
        if (!(error instanceof BrokenRule)) throw error
        world.fail(error.message)
      }
      if (world.steps() > MAX_STEPS) world.fail(`no end after ${MAX_STEPS} steps`)
      if (!isRunning) world.fail('nothing is left to do')
      failure = world.failure()
      if (failure !== undefined) world.note(`FAILED: ${failure}`)
      return failure === undefined && !isOver
    },
    outcome: () => {
      const outcome = {
        seed,
        failure,
        steps: world.steps(),
        agreedAfter,
        hash: world.hash(),
        events: server.log().length,
        counts: world.counts(),
      }
      world.end()
      return outcome
    },
  }
}

/** A commit is lost when a disk had it, or its tab is still open, and its device does not have it. */
const lostCommit = (
  commits: readonly CommitRecord[],
  devices: readonly Device[],
  saved: ReadonlySet<string>,
): string | undefined => {
  const logs = devices.map(({ disk }) => new Set(disk.log.map(idOf)))
  const lost = commits.find(
    ({ id, device, tab, refused }) => !refused && (saved.has(id) || tab.process.isAlive()) && !logs[device]!.has(id),
  )
  return lost && `${lost.id} of ${lost.tab.process.name} is lost`
}
