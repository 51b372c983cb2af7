/** Every state of a tab with every input, and what follows. Tested in `session/machine.test.ts`, shown in the docs. */
import type { NumberedEvent } from '../numbers.ts'
import type { SessionState } from '../session/machine.ts'
import { events, number } from './notation.ts'

export type SessionStateName = 'level' | 'unsent' | 'sent' | 'local_first'

export type SessionInputName =
  | 'commit'
  | 'commit_gap'
  | 'news_next'
  | 'news_own'
  | 'news_own_first'
  | 'news_own_moved'
  | 'news_own_renumbered'
  | 'news_seen'
  | 'news_overlap'
  | 'news_gap'
  | 'rebase'
  | 'rebase_with_own'
  | 'rebase_unseen'
  | 'rebase_gap'
  | 'reset'
  | 'push_taken'
  | 'push_taken_late'
  | 'pull_started'
  | 'started_over'

export interface SessionRow {
  /** the events that come */
  readonly given?: string
  /** what the leader took back of its log */
  readonly givenTakenBack?: string
  readonly outcome: 'applied' | 'pull again' | 'reset' | 'error'
  readonly takeBack?: string
  readonly apply?: string
  /** where the tab stands afterwards, where it changed */
  readonly leaderHead?: string
  readonly pending?: string
  readonly sent?: number
}

interface SessionStart {
  readonly means: string
  readonly pending: string
  readonly sent: number
}

/** The tab has seen `x1 x2` of the leader's log in each of these. */
export const SESSION_STATES = {
  level: { means: 'nothing is pending', pending: '', sent: 0 },
  unsent: { means: 'two events are pending, none sent', pending: 'a3 b4', sent: 0 },
  sent: { means: 'two events are pending, both sent', pending: 'a3 b4', sent: 2 },
  local_first: {
    means: 'an event that stays on this device is pending, and one behind it',
    pending: 'd2.1 a3',
    sent: 0,
  },
} satisfies Record<SessionStateName, SessionStart>

export const SESSION_INPUTS = {
  commit: 'the tab commits an event',
  commit_gap: 'the tab commits an event whose predecessor is missing',
  news_next: 'the leader appended an event of others',
  news_own: 'the leader appended a pending event',
  news_own_first: 'the leader appended a pending event, then one of others',
  news_own_moved: 'the leader appended an event of others, then a pending one',
  news_own_renumbered: 'the leader appended a pending event that it renumbered',
  news_seen: 'the leader repeats an event',
  news_overlap: 'the leader repeats an event, and appended more',
  news_gap: 'news whose predecessor is missing',
  rebase: 'the leader replaced the end of its log',
  rebase_with_own: 'the leader replaced the end of its log, and has a pending event',
  rebase_unseen: 'the leader replaced events that the tab has not seen',
  rebase_gap: 'the leader replaced the end of its log, with a gap',
  reset: 'the leader does not have the place of the tab in its log',
  push_taken: 'the leader took a push of everything pending',
  push_taken_late: 'the leader took a push, and its events have been renumbered since',
  pull_started: 'the tab pulls again',
  started_over: "the tab has the leader's state at 5'",
} satisfies Record<SessionInputName, string>

/** Undefined: the two cannot meet. */
export const SESSION_TABLE = {
  level: {
    commit: { given: 'n3', outcome: 'applied', pending: 'n3' },
    commit_gap: { given: 'n4', outcome: 'error' },
    news_next: { given: 'y3', outcome: 'applied', apply: 'y3', leaderHead: '3' },
    news_own: undefined,
    news_own_first: undefined,
    news_own_moved: undefined,
    news_own_renumbered: undefined,
    news_seen: { given: 'x2', outcome: 'applied' },
    news_overlap: { given: 'x2 y3', outcome: 'applied', apply: 'y3', leaderHead: '3' },
    news_gap: { given: 'z4', outcome: 'pull again' },
    rebase: {
      givenTakenBack: 'x2',
      given: "y2' x3'",
      outcome: 'applied',
      takeBack: 'x2',
      apply: "y2' x3'",
      leaderHead: "3'",
    },
    rebase_with_own: undefined,
    rebase_unseen: { givenTakenBack: 'x3', given: "y3' x4'", outcome: 'pull again' },
    rebase_gap: { givenTakenBack: 'x2', given: "y3' x4'", outcome: 'pull again' },
    reset: { outcome: 'reset' },
    push_taken: undefined,
    push_taken_late: { given: 'a3', outcome: 'applied' },
    pull_started: { outcome: 'applied' },
    started_over: { outcome: 'applied', leaderHead: "5'" },
  },
  unsent: {
    commit: { given: 'n5', outcome: 'applied', pending: 'a3 b4 n5' },
    commit_gap: { given: 'n6', outcome: 'error' },
    news_next: {
      given: 'y3',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '3',
      pending: 'a4 b5',
    },
    news_own: { given: 'a3', outcome: 'applied', leaderHead: '3', pending: 'b4' },
    news_own_first: {
      given: 'a3 y4',
      outcome: 'applied',
      takeBack: 'b4',
      apply: 'y4 b5',
      leaderHead: '4',
      pending: 'b5',
    },
    news_own_moved: {
      given: 'y3 a4',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '4',
      pending: 'b5',
    },
    news_own_renumbered: {
      given: "a3'",
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: "a3' b4'",
      leaderHead: "3'",
      pending: "b4'",
    },
    news_seen: { given: 'x2', outcome: 'applied' },
    news_overlap: {
      given: 'x2 y3',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '3',
      pending: 'a4 b5',
    },
    news_gap: { given: 'z4', outcome: 'pull again' },
    rebase: {
      givenTakenBack: 'x2',
      given: "y2' x3'",
      outcome: 'applied',
      takeBack: 'x2 a3 b4',
      apply: "y2' x3' a4' b5'",
      leaderHead: "3'",
      pending: "a4' b5'",
    },
    rebase_with_own: {
      givenTakenBack: 'x2',
      given: "y2' x3' a4'",
      outcome: 'applied',
      takeBack: 'x2 a3 b4',
      apply: "y2' x3' a4' b5'",
      leaderHead: "4'",
      pending: "b5'",
    },
    rebase_unseen: { givenTakenBack: 'x3', given: "y3' x4'", outcome: 'pull again' },
    rebase_gap: { givenTakenBack: 'x2', given: "y3' x4'", outcome: 'pull again' },
    reset: { outcome: 'reset' },
    push_taken: { outcome: 'applied', sent: 2 },
    push_taken_late: { given: 'a3', outcome: 'applied' },
    pull_started: { outcome: 'applied' },
    started_over: { outcome: 'applied', leaderHead: "5'", pending: "a6' b7'" },
  },
  sent: {
    commit: { given: 'n5', outcome: 'applied', pending: 'a3 b4 n5' },
    commit_gap: { given: 'n6', outcome: 'error' },
    news_next: {
      given: 'y3',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '3',
      pending: 'a4 b5',
      sent: 0,
    },
    news_own: { given: 'a3', outcome: 'applied', leaderHead: '3', pending: 'b4', sent: 1 },
    news_own_first: {
      given: 'a3 y4',
      outcome: 'applied',
      takeBack: 'b4',
      apply: 'y4 b5',
      leaderHead: '4',
      pending: 'b5',
      sent: 0,
    },
    news_own_moved: {
      given: 'y3 a4',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '4',
      pending: 'b5',
      sent: 0,
    },
    news_own_renumbered: {
      given: "a3'",
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: "a3' b4'",
      leaderHead: "3'",
      pending: "b4'",
      sent: 0,
    },
    news_seen: { given: 'x2', outcome: 'applied' },
    news_overlap: {
      given: 'x2 y3',
      outcome: 'applied',
      takeBack: 'a3 b4',
      apply: 'y3 a4 b5',
      leaderHead: '3',
      pending: 'a4 b5',
      sent: 0,
    },
    news_gap: { given: 'z4', outcome: 'pull again' },
    rebase: {
      givenTakenBack: 'x2',
      given: "y2' x3'",
      outcome: 'applied',
      takeBack: 'x2 a3 b4',
      apply: "y2' x3' a4' b5'",
      leaderHead: "3'",
      pending: "a4' b5'",
      sent: 0,
    },
    rebase_with_own: {
      givenTakenBack: 'x2',
      given: "y2' x3' a4'",
      outcome: 'applied',
      takeBack: 'x2 a3 b4',
      apply: "y2' x3' a4' b5'",
      leaderHead: "4'",
      pending: "b5'",
      sent: 0,
    },
    rebase_unseen: { givenTakenBack: 'x3', given: "y3' x4'", outcome: 'pull again' },
    rebase_gap: { givenTakenBack: 'x2', given: "y3' x4'", outcome: 'pull again' },
    reset: { outcome: 'reset' },
    push_taken: { outcome: 'applied' },
    push_taken_late: { given: 'a3', outcome: 'applied' },
    pull_started: { outcome: 'applied', sent: 0 },
    started_over: { outcome: 'applied', leaderHead: "5'", pending: '', sent: 0 },
  },
  local_first: {
    commit: { given: 'n4', outcome: 'applied', pending: 'd2.1 a3 n4' },
    commit_gap: { given: 'n5', outcome: 'error' },
    news_next: {
      given: 'y3',
      outcome: 'applied',
      takeBack: 'd2.1 a3',
      apply: 'y3 d3.1 a4',
      leaderHead: '3',
      pending: 'd3.1 a4',
    },
    news_own: { given: 'd2.1', outcome: 'applied', leaderHead: '2.1', pending: 'a3' },
    news_own_first: {
      given: 'd2.1 y3',
      outcome: 'applied',
      takeBack: 'a3',
      apply: 'y3 a4',
      leaderHead: '3',
      pending: 'a4',
    },
    news_own_moved: {
      given: 'y3 d3.1',
      outcome: 'applied',
      takeBack: 'd2.1 a3',
      apply: 'y3 d3.1 a4',
      leaderHead: '3.1',
      pending: 'a4',
    },
    news_own_renumbered: {
      given: "d2.1'",
      outcome: 'applied',
      takeBack: 'd2.1 a3',
      apply: "d2.1' a3'",
      leaderHead: "2.1'",
      pending: "a3'",
    },
    news_seen: { given: 'x2', outcome: 'applied' },
    news_overlap: {
      given: 'x2 y3',
      outcome: 'applied',
      takeBack: 'd2.1 a3',
      apply: 'y3 d3.1 a4',
      leaderHead: '3',
      pending: 'd3.1 a4',
    },
    news_gap: { given: 'z4', outcome: 'pull again' },
    rebase: {
      givenTakenBack: 'x2',
      given: "y2' x3'",
      outcome: 'applied',
      takeBack: 'x2 d2.1 a3',
      apply: "y2' x3' d3.1' a4'",
      leaderHead: "3'",
      pending: "d3.1' a4'",
    },
    rebase_with_own: {
      givenTakenBack: 'x2',
      given: "y2' x3' d3.1'",
      outcome: 'applied',
      takeBack: 'x2 d2.1 a3',
      apply: "y2' x3' d3.1' a4'",
      leaderHead: "3.1'",
      pending: "a4'",
    },
    rebase_unseen: { givenTakenBack: 'x3', given: "y3' x4'", outcome: 'pull again' },
    rebase_gap: { givenTakenBack: 'x2', given: "y3' x4'", outcome: 'pull again' },
    reset: { outcome: 'reset' },
    push_taken: { outcome: 'applied', sent: 2 },
    push_taken_late: { given: 'd2.1', outcome: 'applied' },
    pull_started: { outcome: 'applied' },
    started_over: { outcome: 'applied', leaderHead: "5'", pending: "d5.1' a6'" },
  },
} satisfies Record<SessionStateName, Record<SessionInputName, SessionRow | undefined>>

export const sessionState = (name: SessionStateName): SessionState<NumberedEvent> => {
  const { pending, sent } = SESSION_STATES[name]
  return { leaderHead: number('2'), pending: events(pending, '2'), sent }
}
