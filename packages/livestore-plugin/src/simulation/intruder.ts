/** A member who may write, with a client of their own: pushes what no device of ours would. */
import { isClientOnly } from '../numbers.ts'
import { idOf } from './checks.ts'
import type { Device } from './device.ts'
import { readState } from './disk.ts'
import type { Network } from './network.ts'
import { COMMITTED_NAME, type GlobalEvent, REFUSED_NAME, type Server } from './server.ts'
import type { World } from './world.ts'

export interface IntruderOptions {
  readonly world: World
  readonly network: Network
  readonly server: Server
  readonly devices: readonly Device[]
}

export interface Intruder {
  /** Pushes once. */
  readonly push: () => void
  /** Whether the intruder has pushed an event of this id, its own or a copy: such events may come twice, and in any order. */
  readonly hasPushed: (id: string) => boolean
}

type Content = Pick<GlobalEvent, 'name' | 'args' | 'clientId' | 'sessionId'>

export const makeIntruder = ({ world, network, server, devices }: IntruderOptions): Intruder => {
  const { random } = world
  const pushed = new Set<string>()
  let count = 0

  const forged = (name = COMMITTED_NAME): Content => {
    const id = `forged${count++}`
    return { name, args: { id, index: 0 }, clientId: 'intruder', sessionId: `intruder#${id}` }
  }

  const push = (parent: number, mayRenumber: boolean, contents: readonly Content[]) => {
    for (const content of contents) pushed.add(idOf(content))
    const events = contents.map((content, index) => {
      const [parentSeqNum, seqNum] = [parent + index, parent + index + 1]
      return { ...content, seqNum, parentSeqNum }
    })
    const request = { method: 'POST', path: '/events', body: { parent, mayRenumber, events } } as const
    network.call(devices.length, request, () => {})
  }

  /** Events that some device has not sent yet, or whose response it does not have, and the newest ones of the log. */
  const victims = (): readonly Content[] => [
    ...devices.flatMap(({ disk }) => readState(disk).pending.filter((event) => !isClientOnly(event))),
    ...server.log().slice(-3),
  ]

  const tricks = [
    function takeId() {
      const all = victims()
      if (all.length === 0) return
      world.count('an intruder takes the id of a commit')
      const { clientId, sessionId } = random.pick(all)
      push(server.head().head, true, [{ ...forged(), clientId, sessionId }])
    },
    function sendFirst() {
      const pending = readState(random.pick(devices).disk).pending.find((event) => !isClientOnly(event))
      if (pending === undefined || pending.name === REFUSED_NAME) return
      world.count('an intruder sends the event of a device first')
      const { name, args, clientId, sessionId } = pending
      push(server.head().head, random.chance(0.5), [{ name, args, clientId, sessionId }, forged()])
    },
    function leaveGap() {
      push(server.head().head + random.int(1, 5), random.chance(0.5), [forged()])
    },
    function fork() {
      push(random.int(0, server.head().head), false, [forged(), forged()])
    },
    function mixInRefused() {
      push(server.head().head, true, [forged(), forged(REFUSED_NAME), forged()])
    },
  ]
  return { push: () => random.pick(tricks)(), hasPushed: (id) => pushed.has(id) }
}
