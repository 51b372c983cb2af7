/**
 * The two databases of a device in memory, as `leader/databases.ts` keeps them: the log, and the state, which is the list of
 * applied events here, with what is needed to undo them.
 */
import { isSameCommit } from '../commit-id.ts'
import { compareNumbers, type EventNumber, isSameNumber, type NumberedEvent, ROOT } from '../numbers.ts'
import type { LeaderState } from '../leader/machine.ts'
import { show } from './notation.ts'

export interface Disk {
  log: readonly NumberedEvent[]
  backendHead: number
  /** as the table of `leader/databases.ts` */
  generation: number
  state: readonly NumberedEvent[]
  /** numbers of events in the state that can be undone */
  undo: ReadonlySet<string>
}

export const makeDisk = (): Disk => ({ log: [], backendHead: 0, generation: 0, state: [], undo: new Set() })

export interface DiskChange {
  readonly rollback: readonly NumberedEvent[]
  readonly append: readonly NumberedEvent[]
  readonly backendHead?: number
  readonly generation?: number
}

const place = ({ global, client }: EventNumber): string => `${global}.${client}`

/** What the disk holds after a change. @throws Error when the change does not fit */
export const applyChange = (disk: Disk, { rollback, append, backendHead, generation }: DiskChange): Disk => {
  const undo = new Set(disk.undo)
  for (const { seqNum } of rollback) {
    if (!undo.delete(place(seqNum))) throw new Error(`Number ${place(seqNum)} cannot be undone: it was confirmed.`)
  }
  for (const { seqNum } of append) undo.add(place(seqNum))
  const state = replaceEnd('the state', disk.state, rollback, append)
  if (backendHead !== undefined) {
    const last = state.at(-1)?.seqNum.global ?? 0
    for (const key of undo) if (Number(key.split('.')[0]) < Math.min(backendHead, last)) undo.delete(key)
  }
  return {
    log: replaceEnd('the log', disk.log, rollback, append),
    backendHead: backendHead ?? disk.backendHead,
    generation: generation ?? disk.generation,
    state,
    undo,
  }
}

/** @throws Error when the list does not end with `taken` */
export const replaceEnd = (
  what: string,
  list: readonly NumberedEvent[],
  taken: readonly NumberedEvent[],
  added: readonly NumberedEvent[],
): readonly NumberedEvent[] => {
  const kept = list.length - taken.length
  for (const [index, event] of taken.entries()) {
    const found = list[kept + index]
    if (
      found === undefined ||
      found.sessionId !== event.sessionId ||
      compareNumbers(found.seqNum, event.seqNum) !== 0
    ) {
      throw new Error(`${what} ends with ${show(list.slice(-taken.length))}, not with ${show(taken)}.`)
    }
  }
  return [...list.slice(0, kept), ...added]
}

/** Whether both end at the same event, as `state-check.ts` compares them. */
export const isLevel = ({ log, state }: Disk): boolean => {
  const [ofLog, ofState] = [log.at(-1)?.seqNum ?? ROOT, state.at(-1)?.seqNum ?? ROOT]
  return isSameNumber(ofLog, ofState)
}

export const rebuildState = (disk: Disk): void => {
  disk.state = disk.log
  disk.undo = new Set(disk.log.map(({ seqNum }) => place(seqNum)))
}

/** The state of the machine, as the databases say it. */
export const readState = ({ log, backendHead, ...disk }: Disk): LeaderState<NumberedEvent> => {
  const first = log.findIndex(({ seqNum }) => seqNum.client === 0 && seqNum.global > backendHead)
  const head = log.at(-1)?.seqNum ?? ROOT
  const generation = Math.max(head.rebaseGeneration, disk.generation)
  return { head, generation, backendHead, pending: first === -1 ? [] : log.slice(first) }
}

export const isLogged = ({ log }: Disk, event: NumberedEvent): boolean =>
  log.some((logged) => isSameCommit(logged, event))

/** Events after a place; undefined when the log does not have it. */
export const eventsSince = ({ log }: Disk, head: EventNumber): readonly NumberedEvent[] | undefined =>
  isSameNumber(head, ROOT) || log.some(({ seqNum }) => isSameNumber(seqNum, head))
    ? log.filter(({ seqNum }) => compareNumbers(seqNum, head) > 0)
    : undefined
