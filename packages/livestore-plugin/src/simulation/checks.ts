/** The rules that hold after each step, and the one that holds in the end: all agree. */
import { continues, isClientOnly, isSameNumber, type NumberedEvent, ROOT } from '../numbers.ts'
import type { SessionState } from '../session/machine.ts'
import type { Device } from './device.ts'
import { type Disk, readState } from './disk.ts'
import type { LeaderProcess } from './leader.ts'
import { show, showNumber } from './notation.ts'
import { type GlobalEvent, REFUSED_NAME } from './server.ts'
import type { TabProcess } from './tab.ts'

/** A rule is broken. */
export class BrokenRule extends Error {
  override readonly name = 'BrokenRule'
}

interface Args {
  readonly id: string
  readonly index: number
}

export const idOf = ({ args }: { readonly args: unknown }): string => (args as Args).id

const check = (holds: boolean, problem: () => string): void => {
  if (!holds) throw new BrokenRule(problem())
}

export interface Checks {
  /** In the step that writes, before anything is emitted. */
  readonly afterWrite: (device: number, before: Disk, after: Disk) => void
  readonly afterStep: (devices: readonly Device[], server: readonly GlobalEvent[]) => void
  /** ids of commits that a disk has held */
  readonly saved: () => ReadonlySet<string>
}

/** @param isForeign whether somebody who is no device has pushed an event of this id, too: no rule says where it is */
export const makeChecks = (isForeign: (id: string) => boolean): Checks => {
  /** device and place in its log -> what the log holds up to there */
  const prefixes = new Map<string, number>()
  const saved = new Set<string>()
  const checkedTabs = new WeakMap<TabProcess, { state: unknown; database: unknown }>()
  const checkedLeaders = new WeakMap<LeaderProcess, unknown>()
  let checkedServer = 0
  const serverIds = new Set<string>()

  /** Commits of a tab keep their order. */
  const checkOrder = (where: string, events: readonly (GlobalEvent | NumberedEvent)[]) => {
    const last = new Map<string, number>()
    for (const event of events) {
      // A tab that repeats a push repeats events that were dropped, too.
      if (event.name === REFUSED_NAME || isForeign(idOf(event))) continue
      const tab = event.sessionId.split('#')[0]!
      const { id, index } = event.args as Args
      check(index > (last.get(tab) ?? -1), () => `${where}: ${id} stands behind a later commit of ${tab}`)
      last.set(tab, index)
    }
  }

  const checkLog = (device: number, log: readonly NumberedEvent[]) => {
    let last = ROOT
    let hash = 0
    const ids = new Set<string>()
    for (const event of log) {
      check(
        continues(last, event),
        () => `device ${device}: ${show([event])} does not continue its log at ${showNumber(last)}`,
      )
      check(isForeign(idOf(event)) || !ids.has(idOf(event)), () => `device ${device}: its log has ${idOf(event)} twice`)
      ids.add(idOf(event))
      last = event.seqNum
      hash = addToHash(hash, event)
      const place = `${device}:${showNumber(last)}`
      const before = prefixes.get(place)
      check(
        before === undefined || before === hash,
        () => `device ${device}: ${showNumber(last)} names two different logs`,
      )
      prefixes.set(place, hash)
    }
    checkOrder(`device ${device}`, log)
    return ids
  }

  const checkTab = (device: Device, { process, database, state }: TabProcess, session: SessionState<NumberedEvent>) => {
    const { leaderHead, pending, sent } = session
    const shown = database()
    const seen = shown.slice(0, shown.length - pending.length)
    check(
      show(shown.slice(seen.length)) === show(pending),
      () => `${process.name}: shows ${show(shown)}, but has pending ${show(pending)}`,
    )
    let last = leaderHead
    for (const event of pending) {
      check(
        continues(last, event),
        () => `${process.name}: pending ${show([event])} does not continue ${showNumber(last)}`,
      )
      last = event.seqNum
    }
    check(sent >= 0 && sent <= pending.length, () => `${process.name}: sent ${sent} of ${pending.length}`)
    const own = shown.map(idOf).filter((id) => !isForeign(id))
    check(new Set(own).size === own.length, () => `${process.name}: shows a commit twice: ${show(shown)}`)
    const prefix = prefixes.get(`${device.index}:${showNumber(leaderHead)}`)
    const isLog = isSameNumber(leaderHead, ROOT) ? seen.length === 0 : prefix === seen.reduce(addToHash, 0)
    check(isLog, () => `${process.name}: shows ${show(seen)}, which is not the log up to ${showNumber(leaderHead)}`)
    void state
  }

  return {
    saved: () => saved,

    afterWrite: (device, before, after) => {
      if (after.log === before.log) return
      const ids = checkLog(device, after.log)
      for (const event of before.log)
        check(
          event.name === REFUSED_NAME || ids.has(idOf(event)),
          () => `device ${device}: its log lost ${show([event])}`,
        )
      for (const id of ids) saved.add(id)
    },

    afterStep: (devices, server) => {
      if (checkedServer < server.length) checkOrder('server', server)
      for (; checkedServer < server.length; checkedServer++) {
        const event = server[checkedServer]!
        check(event.seqNum === checkedServer + 1, () => `server: event ${event.seqNum} stands at ${checkedServer + 1}`)
        check(event.name !== REFUSED_NAME, () => `server: has ${idOf(event)}, which it refuses`)
        check(isForeign(idOf(event)) || !serverIds.has(idOf(event)), () => `server: has ${idOf(event)} twice`)
        serverIds.add(idOf(event))
      }
      for (const device of devices) {
        for (const tab of device.tabs()) {
          const [state, database] = [tab.state(), tab.database()]
          const checked = checkedTabs.get(tab)
          if (state === undefined || (checked?.state === state && checked.database === database)) continue
          checkTab(device, tab, state)
          checkedTabs.set(tab, { state, database })
        }
        const leader = device.leader()
        if (leader === undefined || checkedLeaders.get(leader) === leader.state()) continue
        checkLeader(leader, device.disk)
        checkedLeaders.set(leader, leader.state())
      }
    },
  }
}

const addToHash = (hash: number, event: NumberedEvent): number => {
  const text = `${idOf(event)} ${showNumber(event.seqNum)}`
  let sum = hash
  for (let index = 0; index < text.length; index++) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0
  return sum
}

const checkLeader = ({ process, state }: LeaderProcess, disk: Disk) => {
  const [machine, stored] = [state(), readState(disk)]
  check(
    isSameNumber(machine.head, stored.head) &&
      machine.generation === stored.generation &&
      machine.backendHead === stored.backendHead &&
      show(machine.pending) === show(stored.pending),
    () =>
      `${process.name}: its machine has pending ${show(machine.pending)} at ${showNumber(machine.head)}, its disk ${show(stored.pending)} at ${showNumber(stored.head)}`,
  )
  check(
    show(disk.state) === show(disk.log),
    () => `${process.name}: the state database has ${show(disk.state)}, the log ${show(disk.log)}`,
  )
}

/** What keeps the devices from agreeing; undefined when they do. */
export const disagreement = (devices: readonly Device[], server: readonly GlobalEvent[]): string | undefined => {
  const log = server.map(idOf).join(' ')
  for (const { index, disk, tabs, leader } of devices) {
    if (leader() === undefined) return `device ${index} has no leader`
    const { pending, backendHead } = readState(disk)
    if (pending.length > 0) return `device ${index}: ${show(pending)} is not confirmed; the server has ${log}`
    if (backendHead !== server.length) return `device ${index} is at ${backendHead} of ${server.length}`
    const synced = disk.log
      .filter((event) => !isClientOnly(event))
      .map(idOf)
      .join(' ')
    if (synced !== log) return `device ${index} has ${synced}; the server has ${log}`
    for (const { process, state, database } of tabs()) {
      const session = state()
      if (session === undefined) return `${process.name} does not open`
      if (session.pending.length > 0) return `${process.name}: ${show(session.pending)} is pending`
      if (show(database()) !== show(disk.log))
        return `${process.name} shows ${show(database())}; the log is ${show(disk.log)}`
    }
  }
  return undefined
}
