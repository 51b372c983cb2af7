/**
 * Merges what pull, socket, push and polling deliver into one sequence for LiveStore: each event once,
 * in order, without a gap. An event at or below the upstream head, or one behind a gap, ends LiveStore's pull.
 *
 * A page with more behind it is held until the next one has arrived: LiveStore's leader keeps a mutex between such pages,
 * and a missing page would block all commits of the device.
 */

export interface NumberedEvent {
  readonly seqNum: number
  readonly parentSeqNum: number
}

/** Events and head of the log, from any response or broadcast. */
export interface Message<Event extends NumberedEvent> {
  readonly backendId: string
  /** the number before the first event */
  readonly since: number
  readonly head: number
  readonly events: readonly Event[]
  /**
   * The highest head this device knew when it sent the request, 0 for a broadcast. A response with a lower head means
   * that the log lost events; a broadcast with a lower head is only late.
   */
  readonly asOf: number
}

/** What LiveStore gets. `remaining` 0: nothing follows. */
export interface Emission<Event> {
  readonly events: readonly Event[]
  readonly remaining: number
}

export type StateName =
  /** LiveStore has every known event */
  | 'current'
  /** events are missing */
  | 'behind'
  /** a page is held, and more follow */
  | 'holding'
  /** the log is shorter than what LiveStore has: the server was restored from an older backup */
  | 'server_behind'
  /** the log has another event under a number that LiveStore has */
  | 'forked'
  /** the server has another log */
  | 'foreign'

export type InputKind =
  /** events that follow, up to the head */
  | 'last_page'
  /** events that follow, with more behind them */
  | 'page'
  /** nothing new, and nothing is missing */
  | 'caught_up'
  /** nothing new; says nothing about the head */
  | 'duplicate'
  /** the head is ahead, without usable events */
  | 'head_ahead'
  /** events that do not follow */
  | 'gap'
  /** the log is shorter than it was, and has all that LiveStore has */
  | 'shrunk'
  /** the log is shorter than what LiveStore has */
  | 'server_behind'
  /** another event under the number of the last one that LiveStore has */
  | 'fork'
  /** another backend id */
  | 'foreign'
  /** a pull failed */
  | 'pull_failed'

/** What a step does with `held` and `fresh` events. */
export type Action =
  | 'none'
  /** emits fresh events, an empty list included */
  | 'emit_fresh'
  /** holds fresh events */
  | 'hold_fresh'
  /** emits held events, holds fresh ones */
  | 'emit_held_hold_fresh'
  /** emits held events, then fresh ones */
  | 'emit_both'
  /** emits held events without waiting for more */
  | 'release_held'
  /** discards held events: the log no longer has them */
  | 'drop_held'

export interface Transition {
  readonly next: StateName
  readonly action: Action
}

const to = (next: StateName, action: Action = 'none'): Transition => ({ next, action })

/** Every state with every input. */
export const TRANSITIONS: Readonly<Record<StateName, Readonly<Record<InputKind, Transition>>>> = {
  current: {
    last_page: to('current', 'emit_fresh'),
    page: to('holding', 'hold_fresh'),
    caught_up: to('current'),
    duplicate: to('current'),
    head_ahead: to('behind'),
    gap: to('behind'),
    shrunk: to('behind'),
    server_behind: to('server_behind'),
    fork: to('forked'),
    foreign: to('foreign'),
    pull_failed: to('current'),
  },
  behind: {
    last_page: to('current', 'emit_fresh'),
    page: to('holding', 'hold_fresh'),
    // LiveStore's first sync ends with the first item that nothing follows, an empty one included.
    caught_up: to('current', 'emit_fresh'),
    duplicate: to('behind'),
    head_ahead: to('behind'),
    gap: to('behind'),
    shrunk: to('behind'),
    server_behind: to('server_behind'),
    fork: to('forked'),
    foreign: to('foreign'),
    pull_failed: to('behind'),
  },
  holding: {
    last_page: to('current', 'emit_both'),
    page: to('holding', 'emit_held_hold_fresh'),
    caught_up: to('current', 'release_held'),
    duplicate: to('holding'),
    head_ahead: to('holding'),
    gap: to('holding'),
    shrunk: to('behind', 'drop_held'),
    server_behind: to('server_behind', 'drop_held'),
    fork: to('forked', 'drop_held'),
    foreign: to('foreign', 'drop_held'),
    pull_failed: to('behind', 'release_held'),
  },
  server_behind: {
    last_page: to('current', 'emit_fresh'),
    page: to('holding', 'hold_fresh'),
    caught_up: to('current'),
    duplicate: to('server_behind'),
    head_ahead: to('server_behind'),
    gap: to('server_behind'),
    shrunk: to('server_behind'),
    server_behind: to('server_behind'),
    fork: to('forked'),
    foreign: to('foreign'),
    pull_failed: to('server_behind'),
  },
  forked: {
    last_page: to('forked'),
    page: to('forked'),
    caught_up: to('forked'),
    duplicate: to('forked'),
    head_ahead: to('forked'),
    gap: to('forked'),
    shrunk: to('forked'),
    server_behind: to('forked'),
    fork: to('forked'),
    foreign: to('foreign'),
    pull_failed: to('forked'),
  },
  foreign: {
    last_page: to('foreign'),
    page: to('foreign'),
    caught_up: to('foreign'),
    duplicate: to('foreign'),
    head_ahead: to('foreign'),
    gap: to('foreign'),
    shrunk: to('foreign'),
    server_behind: to('foreign'),
    fork: to('foreign'),
    foreign: to('foreign'),
    pull_failed: to('foreign'),
  },
}

export interface Funnel<Event extends NumberedEvent> {
  readonly name: StateName
  /** the log that this device syncs with; undefined until a server was reached */
  readonly backendId: string | undefined
  /** number of the last event that LiveStore got: its upstream head */
  readonly emitted: number
  /** the last event that LiveStore got, once there was one */
  readonly last: Event | undefined
  /** the highest head known */
  readonly head: number
  /** not empty in state `holding` only */
  readonly held: readonly Event[]
}

/** A pull of LiveStore that has every event up to `cursor`. */
export const startFunnel = <Event extends NumberedEvent>(
  cursor: number,
  backendId: string | undefined,
): Funnel<Event> => ({ name: 'behind', backendId, emitted: cursor, last: undefined, head: cursor, held: [] })

/** Number of the last emitted or held event. */
const reached = ({ emitted, held }: Funnel<NumberedEvent>): number => held.at(-1)?.seqNum ?? emitted

/** Where to pull from. After the log was shorter, one event overlaps, to detect another history. */
export const pullSince = (funnel: Funnel<NumberedEvent>): number =>
  funnel.name === 'server_behind' && funnel.last !== undefined ? funnel.emitted - 1 : reached(funnel)

/** Whether events are missing that a pull would bring. */
export const needsPull = ({ name, emitted, head }: Funnel<NumberedEvent>): boolean =>
  name === 'behind' || name === 'holding' || (name === 'server_behind' && head >= emitted)

const sameEvent = (a: NumberedEvent, b: NumberedEvent): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

const freshEvents = <Event extends NumberedEvent>(funnel: Funnel<Event>, message: Message<Event>): readonly Event[] =>
  message.events.filter(({ seqNum }) => seqNum > reached(funnel))

export const classify = <Event extends NumberedEvent>(funnel: Funnel<Event>, message: Message<Event>): InputKind => {
  if (funnel.backendId !== undefined && message.backendId !== funnel.backendId) return 'foreign'
  const { last } = funnel
  const overlap = last && message.events.find(({ seqNum }) => seqNum === last.seqNum)
  if (last && overlap && !sameEvent(last, overlap)) return 'fork'
  if (message.head < message.asOf) return message.head < funnel.emitted ? 'server_behind' : 'shrunk'
  const fresh = freshEvents(funnel, message)
  const head = Math.max(funnel.head, message.head)
  if (funnel.name === 'server_behind' && last && !overlap) return message.head < funnel.emitted ? 'duplicate' : 'gap'
  if (fresh.length > 0) {
    if (fresh[0]!.parentSeqNum !== reached(funnel)) return 'gap'
    return fresh.at(-1)!.seqNum < head ? 'page' : 'last_page'
  }
  if (message.head > reached(funnel)) return 'head_ahead'
  return message.head >= head ? 'caught_up' : 'duplicate'
}

export interface Step<Event extends NumberedEvent> {
  readonly funnel: Funnel<Event>
  readonly emissions: readonly Emission<Event>[]
}

const emit = <Event>(events: readonly Event[], remaining: number): Emission<Event> => ({ events, remaining })

const act = <Event extends NumberedEvent>(
  { held }: Funnel<Event>,
  action: Action,
  fresh: readonly Event[],
  head: number,
): { readonly held: readonly Event[]; readonly emissions: readonly Emission<Event>[] } => {
  const heldRemaining = head - (held.at(-1)?.seqNum ?? head)
  switch (action) {
    case 'none':
      return { held, emissions: [] }
    case 'emit_fresh':
      return { held: [], emissions: [emit(fresh, 0)] }
    case 'hold_fresh':
      return { held: fresh, emissions: [] }
    case 'emit_held_hold_fresh':
      return { held: fresh, emissions: [emit(held, heldRemaining)] }
    case 'emit_both':
      return { held: [], emissions: [emit(held, heldRemaining), emit(fresh, 0)] }
    case 'release_held':
      return { held: [], emissions: [emit(held, 0)] }
    case 'drop_held':
      return { held: [], emissions: [] }
  }
}

/** One input. `'pull_failed'`: the request for what is missing failed. */
export const step = <Event extends NumberedEvent>(
  funnel: Funnel<Event>,
  input: Message<Event> | 'pull_failed',
): Step<Event> => {
  const message = input === 'pull_failed' ? undefined : input
  const kind = message === undefined ? 'pull_failed' : classify(funnel, message)
  const { next, action } = TRANSITIONS[funnel.name][kind]
  const lost = kind === 'shrunk' || kind === 'server_behind'
  const head =
    message === undefined || kind === 'foreign' ? funnel.head : Math.max(lost ? 0 : funnel.head, message.head)
  const { held, emissions } = act(funnel, action, message === undefined ? [] : freshEvents(funnel, message), head)
  const last = emissions.findLast(({ events }) => events.length > 0)?.events.at(-1) ?? funnel.last
  return {
    funnel: {
      name: next,
      backendId: funnel.backendId ?? message?.backendId,
      emitted: last?.seqNum ?? funnel.emitted,
      last,
      head,
      held,
    },
    emissions,
  }
}
