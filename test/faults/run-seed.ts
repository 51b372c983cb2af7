/** One seed: people work while everything goes wrong that may, then faults end, and the world must come to rest with nothing lost. */
import { setTimeout as after } from 'node:timers/promises'
import { isObjectStoreError } from '@rockpool/object-store'
import type { Tab } from '../e2e/tab.ts'
import type { Reading } from './app/src/read.ts'
import { expectedContents, numberedContents, wrongBytes } from './expected.ts'
import { createJournal, type Journal } from './journal.ts'
import { type NamedState, whyBusy, whyNotEqual, whyNotSwept } from './oracles.ts'
import { callPage } from './page-of.ts'
import { createPerson } from './person.ts'
import { CONTENTS, makePlan, type Plan } from './plan.ts'
import { waitUntil } from './wait-until.ts'
import { createWorld, type FaultsWorld } from './world.ts'

/** Transfers back off for up to 5 min; the rest is for a busy machine. */
export const REST_WITHIN_MS = 8 * 60_000

/** An act writes at most these contents, from its number on: `MANY` in `app/src/actions.ts`. */
const CONTENTS_OF_ONE_ACT = 8

const expected = expectedContents(numberedContents(CONTENTS + CONTENTS_OF_ONE_ACT))

/** A device that has nothing yet: what it opens comes from the object store. */
const NEWCOMER = 'newcomer'

interface Member {
  readonly name: string
  readonly tab: Tab
}

/**
 * @param show gets each step as it is taken
 * @returns a line that says what happened
 * @throws Error when a rule was broken: with how to replay the seed, the last steps, and the state of each device
 */
export const runSeed = async (seed: number, durationMs: number, show?: (line: string) => void): Promise<string> => {
  const plan = makePlan(seed, durationMs)
  const journal = createJournal(show)
  const names = Array.from({ length: plan.devices }, (_, index) => `d${index + 1}`)
  await using world = await createWorld([...names, NEWCOMER], seed)
  const members: Member[] = []
  try {
    return await story(world, plan, journal, members)
  } catch (error) {
    journal.fail(String(error))
    throw new Error(await report(plan, journal, members), { cause: error })
  }
}

const story = async (world: FaultsWorld, plan: Plan, journal: Journal, members: Member[]): Promise<string> => {
  const devices = world.devices.slice(0, plan.devices)
  const people = devices.map((device) => createPerson(device, journal, expected))
  await Promise.all(people.map((person) => person.start()))

  journal.note('world', `begins at ${new Date().toISOString()}`)
  const begin = performance.now()
  await Promise.all([
    ...people.map((person, index) =>
      person.follow(
        plan.steps.filter(({ device }) => device === index),
        begin,
      ),
    ),
    killServers(world, plan, journal, begin),
  ])
  const tabs = await Promise.all(people.map((person) => person.comeBack()))
  members.push(...tabs.map((tab, index) => ({ name: devices[index]!.name, tab })))
  journal.note('world', 'faults have ended')
  stopIfBroken(journal)

  const healedAt = performance.now()
  await comeToRest(world, members)
  const restedMs = performance.now() - healedAt
  const newcomer = { name: NEWCOMER, tab: await world.devices.at(-1)!.browser.open() }
  members.push(newcomer)
  await comeToRest(world, members)
  await Promise.all(members.map((member, index) => openEverything(member, index % 2 === 0 ? 'open' : 'fetch')))
  await Promise.all(people.map((person) => person.reloadAlone()))
  await comeToRest(world, members, whyNotSwept)

  const ids = [...new Set(people.flatMap(({ acknowledged }) => acknowledged.map(({ id }) => id)))]
  for (const { name, tab } of members) {
    const missing = await tab.inPage((pool, ids) => ids.filter((id) => pool.log.file(id) === undefined), ids)
    if (missing.length > 0) journal.fail(`${name} has no record of ${missing.join(', ')}`)
  }
  stopIfBroken(journal)
  return [
    `seed ${plan.seed}: ${plan.devices} devices, ${ids.length} files acknowledged, at rest ${Math.round(restedMs / 1_000)} s after the faults`,
    [...journal.counts].map(([what, times]) => `${times} ${what}`).join(', '),
    `faults: ${devices.map(({ network }) => [...network.counts].map(([what, times]) => `${times} ${what}`).join(', ')).join(' | ')}`,
  ].join('\n  ')
}

const killServers = async ({ server }: FaultsWorld, { serverKills }: Plan, journal: Journal, begin: number) => {
  for (const { at, closedMs } of serverKills) {
    await after(Math.max(0, begin + at - performance.now()))
    if (journal.failure !== undefined) return
    journal.note('servers', `SIGKILL, closed for ${closedMs} ms`)
    await server.kill()
    await after(closedMs)
    await server.start()
  }
}

const stopIfBroken = ({ failure }: Journal) => {
  if (failure !== undefined) throw new Error(failure)
}

const statesOf = (members: readonly Member[]): Promise<readonly NamedState[]> =>
  Promise.all(members.map(async ({ name, tab }) => ({ name, state: await callPage(tab, 'state') })))

/** Waits until nothing is left to do, all is stored, and all devices list the same. `rule`: what else must hold of each. */
const comeToRest = async (
  { bucket }: FaultsWorld,
  members: readonly Member[],
  rule: (state: NamedState) => string | undefined = () => undefined,
): Promise<void> => {
  const inStorage = new Set<string>()
  const whyNotStored = async (key: string, size: number): Promise<string | undefined> => {
    if (inStorage.has(key)) return undefined
    try {
      const object = await bucket.store.head(key)
      if (object.size !== size) return `the object store has ${object.size} bytes of ${key}, not ${size}`
      inStorage.add(key)
      return undefined
    } catch (error) {
      if (!isObjectStoreError(error, 'not_found')) throw error
      return `the object store lacks ${key}`
    }
  }
  const reason = await waitUntil(async () => {
    const states = await statesOf(members)
    for (const state of states) {
      const busy = whyBusy(state) ?? rule(state)
      if (busy !== undefined) return busy
    }
    for (const { remoteKey, size } of states.flatMap(({ state }) => state.wanted)) {
      const missing = await whyNotStored(remoteKey, size)
      if (missing !== undefined) return missing
    }
    return whyNotEqual(states)
  }, REST_WITHIN_MS)
  if (reason !== undefined) throw new Error(`The world does not come to rest: ${reason}`)
}

const openEverything = async ({ name, tab }: Member, how: Reading): Promise<void> => {
  const { served, unopened } = await callPage(tab, 'openAll', how)
  if (unopened.length > 0) throw new Error(`${name} cannot open ${JSON.stringify(unopened)}`)
  for (const file of served) {
    const wrong = wrongBytes(expected, file)
    if (wrong) throw new Error(`${name}: ${wrong}`)
  }
}

const LAST_STEPS = 80

const report = async ({ seed, durationMs, devices }: Plan, journal: Journal, members: readonly Member[]) => {
  const states = await Promise.all(
    members.map(async ({ name, tab }) => {
      const state = await callPage(tab, 'state').catch((error: unknown) => ({ unreadable: String(error) }))
      return `${name}: ${JSON.stringify({ ...state, files: 'files' in state ? state.files.length : 0 })}`
    }),
  )
  return [
    `Seed ${seed} (${durationMs / 1_000} s, ${devices} devices): ${journal.failure}`,
    `Replay: npm run test:soak -- --seed ${seed} --minutes ${durationMs / 60_000}`,
    'Last steps:',
    ...journal.lines.slice(-LAST_STEPS),
    'States:',
    ...states,
  ].join('\n')
}
