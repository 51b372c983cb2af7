/** Every state of the leader with every input, and what follows. Tested in `leader/machine.test.ts`, shown in the docs. */
import type { LeaderState } from '../leader/machine.ts'
import type { NumberedEvent } from '../numbers.ts'
import { events, number } from './notation.ts'

export type LeaderStateName = 'empty' | 'confirmed' | 'pending' | 'local_last' | 'rebased'

export type LeaderInputName =
  | 'push_next'
  | 'push_local'
  | 'push_repeat'
  | 'push_overlap'
  | 'push_taken_number'
  | 'push_gap'
  | 'push_torn'
  | 'push_old_generation'
  | 'backend_next'
  | 'backend_own'
  | 'backend_own_first'
  | 'backend_own_moved'
  | 'backend_seen'
  | 'backend_overlap'
  | 'backend_gap'
  | 'backend_refuses'
  | 'backend_refuses_unknown'

export interface LeaderRow {
  /** the events that come */
  readonly given: string
  /** the parent of the first one, where it is not the event before in the same generation */
  readonly parent?: string
  readonly outcome: 'accepted' | 'rejected' | 'known' | 'advance' | 'rebase' | 'gap' | 'dropped' | 'unknown'
  readonly takeBack?: string
  readonly append?: string
  /** pending events afterwards, where they changed */
  readonly pending?: string
}

interface LeaderStart {
  readonly means: string
  /** the whole log */
  readonly log: string
  readonly backendHead: number
  /** the end of the log */
  readonly pending: string
}

export const LEADER_STATES = {
  empty: { means: 'a new device', log: '', backendHead: 0, pending: '' },
  confirmed: { means: 'the backend has the whole log', log: 'x1 x2', backendHead: 2, pending: '' },
  pending: { means: 'two events wait for the backend', log: 'x1 x2 a3 b4', backendHead: 2, pending: 'a3 b4' },
  local_last: {
    means: 'an event waits, and one behind it stays on this device',
    log: 'x1 x2 a3 d3.1',
    backendHead: 2,
    pending: 'a3 d3.1',
  },
  rebased: {
    means: 'two events wait that were renumbered once',
    log: "x1 x2' a3' b4'",
    backendHead: 2,
    pending: "a3' b4'",
  },
} satisfies Record<LeaderStateName, LeaderStart>

export const LEADER_INPUTS = {
  push_next: 'a tab pushes what follows the log',
  push_local: 'a tab pushes an event that stays on this device',
  push_repeat: 'a tab pushes again what the log has',
  push_overlap: 'a tab pushes what the log has, and more',
  push_taken_number: 'a tab pushes an event under a number that is taken',
  push_gap: 'a tab pushes an event whose number is not the next one',
  push_torn: 'a tab pushes events with a gap between them',
  push_old_generation: 'a tab pushes after another generation of the last event',
  backend_next: 'events of others come from the backend',
  backend_own: 'pending events come back',
  backend_own_first: 'a pending event comes back, then one of others',
  backend_own_moved: 'a pending event comes back behind one of others',
  backend_seen: 'the backend repeats events',
  backend_overlap: 'the backend repeats an event, and sends more',
  backend_gap: 'events come whose predecessor is missing',
  backend_refuses: 'the backend refuses a pending event for good',
  backend_refuses_unknown: 'the backend refuses an event that is not pending',
} satisfies Record<LeaderInputName, string>

/** Undefined: the two cannot meet. */
export const LEADER_TABLE = {
  empty: {
    push_next: { given: 'n1', outcome: 'accepted', append: 'n1', pending: 'n1' },
    push_local: { given: 'n0.1', outcome: 'accepted', append: 'n0.1' },
    push_repeat: undefined,
    push_overlap: undefined,
    push_taken_number: undefined,
    push_gap: { given: 'n2', outcome: 'accepted', append: 'n1', pending: 'n1' },
    push_torn: { given: 'n1 m3', outcome: 'rejected' },
    push_old_generation: { given: 'n1', parent: "0'", outcome: 'accepted', append: 'n1', pending: 'n1' },
    backend_next: { given: 'y1 z2', outcome: 'advance', append: 'y1 z2' },
    backend_own: undefined,
    backend_own_first: undefined,
    backend_own_moved: undefined,
    backend_seen: undefined,
    backend_overlap: undefined,
    backend_gap: { given: 'z2', outcome: 'gap' },
    backend_refuses: undefined,
    backend_refuses_unknown: { given: 'n1', outcome: 'unknown' },
  },
  confirmed: {
    push_next: { given: 'n3', outcome: 'accepted', append: 'n3', pending: 'n3' },
    push_local: { given: 'n2.1', outcome: 'accepted', append: 'n2.1' },
    push_repeat: { given: 'x2', outcome: 'known' },
    push_overlap: { given: 'x2 n3', outcome: 'accepted', append: 'n3', pending: 'n3' },
    push_taken_number: { given: 'n2', outcome: 'accepted', append: 'n3', pending: 'n3' },
    push_gap: { given: 'n4', outcome: 'accepted', append: 'n3', pending: 'n3' },
    push_torn: { given: 'n3 m5', outcome: 'rejected' },
    push_old_generation: { given: 'n3', parent: "2'", outcome: 'accepted', append: 'n3', pending: 'n3' },
    backend_next: { given: 'y3 z4', outcome: 'advance', append: 'y3 z4' },
    backend_own: undefined,
    backend_own_first: undefined,
    backend_own_moved: undefined,
    backend_seen: { given: 'x1 x2', outcome: 'known' },
    backend_overlap: { given: 'x2 y3', outcome: 'advance', append: 'y3' },
    backend_gap: { given: 'z4', outcome: 'gap' },
    backend_refuses: undefined,
    backend_refuses_unknown: { given: 'x2', outcome: 'unknown' },
  },
  pending: {
    push_next: { given: 'n5', outcome: 'accepted', append: 'n5', pending: 'a3 b4 n5' },
    push_local: { given: 'n4.1', outcome: 'accepted', append: 'n4.1', pending: 'a3 b4 n4.1' },
    push_repeat: { given: 'b4', outcome: 'known' },
    push_overlap: { given: 'b4 n5', outcome: 'accepted', append: 'n5', pending: 'a3 b4 n5' },
    push_taken_number: { given: 'n4', outcome: 'accepted', append: 'n5', pending: 'a3 b4 n5' },
    push_gap: { given: 'n6', outcome: 'accepted', append: 'n5', pending: 'a3 b4 n5' },
    push_torn: { given: 'n5 m7', outcome: 'rejected' },
    push_old_generation: {
      given: 'n5',
      parent: "4'",
      outcome: 'accepted',
      append: 'n5',
      pending: 'a3 b4 n5',
    },
    backend_next: {
      given: 'y3 z4',
      outcome: 'rebase',
      takeBack: 'a3 b4',
      append: "y3' z4' a5' b6'",
      pending: "a5' b6'",
    },
    backend_own: { given: 'a3 b4', outcome: 'advance', pending: '' },
    backend_own_first: { given: 'a3 y4', outcome: 'rebase', takeBack: 'b4', append: "y4' b5'", pending: "b5'" },
    backend_own_moved: {
      given: 'y3 a4',
      outcome: 'rebase',
      takeBack: 'a3 b4',
      append: "y3' a4' b5'",
      pending: "b5'",
    },
    backend_seen: { given: 'x1 x2', outcome: 'known' },
    backend_overlap: {
      given: 'x2 y3',
      outcome: 'rebase',
      takeBack: 'a3 b4',
      append: "y3' a4' b5'",
      pending: "a4' b5'",
    },
    backend_gap: { given: 'z4', outcome: 'gap' },
    backend_refuses: { given: 'a3', outcome: 'dropped', takeBack: 'a3 b4', append: "b3'", pending: "b3'" },
    backend_refuses_unknown: { given: 'y3', outcome: 'unknown' },
  },
  local_last: {
    push_next: { given: 'n4', outcome: 'accepted', append: 'n4', pending: 'a3 d3.1 n4' },
    push_local: { given: 'n3.2', outcome: 'accepted', append: 'n3.2', pending: 'a3 d3.1 n3.2' },
    push_repeat: { given: 'd3.1', outcome: 'known' },
    push_overlap: { given: 'd3.1 n4', outcome: 'accepted', append: 'n4', pending: 'a3 d3.1 n4' },
    push_taken_number: { given: 'n3', outcome: 'accepted', append: 'n4', pending: 'a3 d3.1 n4' },
    push_gap: { given: 'n5', outcome: 'accepted', append: 'n4', pending: 'a3 d3.1 n4' },
    push_torn: { given: 'n4 m6', outcome: 'rejected' },
    push_old_generation: {
      given: 'n4',
      parent: "3'",
      outcome: 'accepted',
      append: 'n4',
      pending: 'a3 d3.1 n4',
    },
    backend_next: {
      given: 'y3 z4',
      outcome: 'rebase',
      takeBack: 'a3 d3.1',
      append: "y3' z4' a5' d5.1'",
      pending: "a5' d5.1'",
    },
    backend_own: { given: 'a3', outcome: 'advance', pending: '' },
    backend_own_first: { given: 'a3 y4', outcome: 'advance', append: 'y4', pending: '' },
    backend_own_moved: { given: 'y3 a4', outcome: 'rebase', takeBack: 'a3 d3.1', append: "y3' a4' d4.1'", pending: '' },
    backend_seen: { given: 'x1 x2', outcome: 'known' },
    backend_overlap: {
      given: 'x2 y3',
      outcome: 'rebase',
      takeBack: 'a3 d3.1',
      append: "y3' a4' d4.1'",
      pending: "a4' d4.1'",
    },
    backend_gap: { given: 'z4', outcome: 'gap' },
    backend_refuses: { given: 'a3', outcome: 'dropped', takeBack: 'a3 d3.1', append: "d2.1'", pending: '' },
    backend_refuses_unknown: { given: 'y3', outcome: 'unknown' },
  },
  rebased: {
    push_next: { given: "n5'", outcome: 'accepted', append: "n5'", pending: "a3' b4' n5'" },
    push_local: { given: "n4.1'", outcome: 'accepted', append: "n4.1'", pending: "a3' b4' n4.1'" },
    push_repeat: { given: "b4'", outcome: 'known' },
    push_overlap: { given: "b4' n5'", outcome: 'accepted', append: "n5'", pending: "a3' b4' n5'" },
    push_taken_number: { given: "n4'", outcome: 'accepted', append: "n5'", pending: "a3' b4' n5'" },
    push_gap: { given: "n6'", outcome: 'accepted', append: "n5'", pending: "a3' b4' n5'" },
    push_torn: { given: "n5' m7'", outcome: 'rejected' },
    push_old_generation: { given: 'n5', outcome: 'accepted', append: "n5'", pending: "a3' b4' n5'" },
    backend_next: {
      given: 'y3 z4',
      outcome: 'rebase',
      takeBack: "a3' b4'",
      append: "y3'' z4'' a5'' b6''",
      pending: "a5'' b6''",
    },
    backend_own: { given: 'a3 b4', outcome: 'advance', pending: '' },
    backend_own_first: { given: 'a3 y4', outcome: 'rebase', takeBack: "b4'", append: "y4'' b5''", pending: "b5''" },
    backend_own_moved: {
      given: 'y3 a4',
      outcome: 'rebase',
      takeBack: "a3' b4'",
      append: "y3'' a4'' b5''",
      pending: "b5''",
    },
    backend_seen: { given: 'x1 x2', outcome: 'known' },
    backend_overlap: {
      given: 'x2 y3',
      outcome: 'rebase',
      takeBack: "a3' b4'",
      append: "y3'' a4'' b5''",
      pending: "a4'' b5''",
    },
    backend_gap: { given: 'z4', outcome: 'gap' },
    backend_refuses: { given: 'a3', outcome: 'dropped', takeBack: "a3' b4'", append: "b3''", pending: "b3''" },
    backend_refuses_unknown: { given: 'y3', outcome: 'unknown' },
  },
} satisfies Record<LeaderStateName, Record<LeaderInputName, LeaderRow | undefined>>

export const leaderState = (name: LeaderStateName): { state: LeaderState<NumberedEvent>; log: NumberedEvent[] } => {
  const { backendHead, pending, log: text } = LEADER_STATES[name]
  const log = events(text, '0')
  const pendingCount = events(pending).length
  return {
    log,
    state: {
      head: log.at(-1)?.seqNum ?? number('0'),
      generation: log.at(-1)?.seqNum.rebaseGeneration ?? 0,
      backendHead,
      pending: pendingCount === 0 ? [] : log.slice(-pendingCount),
    },
  }
}
