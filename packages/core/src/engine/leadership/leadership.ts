/**
 * Whether this tab leads: states and inputs of one tab, as a table. `leader.ts` does what the state says.
 *
 * A leader that is closed, killed or frozen by the browser gives its lock back. One that hangs does not: a debugger stops
 * it, its process is stopped, its disk never responds. So a visible follower asks the leader for a sign of life, and after three
 * of its own intervals without one, 15 s, it steals the lock. The follower counts its own intervals on its own
 * monotonic clock: no time is written down, so neither a clock that is set nor a sleeping machine makes a leader look dead.
 */

/** Between two asks of a visible follower, ms. */
export const ASK_EVERY_MS = 5_000

/** An interval that took this long does not count: this tab itself was suspended. ms */
export const LATE_MS = 2 * ASK_EVERY_MS

export type Leadership =
  /** The page is frozen, or about to be: it neither leads nor waits for the lock. */
  | 'frozen'
  /** In the queue for the lock, hidden: its timers may be throttled, so it never suspects the leader. */
  | 'waiting'
  /** In the queue for the lock, and visible: asks the leader for signs of life. */
  | 'watching'
  | 'missedOne'
  | 'missedTwo'
  /** Steals the lock. */
  | 'claiming'
  /** Holds the lock and works. */
  | 'leading'
  /** Leading failed, perhaps because of the disk: other tabs may try for a while. */
  | 'resting'

export type LeadershipInput =
  /** The page is seen, runs unseen, or is frozen: after each change, and on entering `waiting`. */
  | 'visible'
  | 'hidden'
  | 'frozen'
  /** This tab has the lock. */
  | 'granted'
  /** Another tab stole the lock. */
  | 'stolen'
  /** Leading, or asking for the lock, ended with an error. */
  | 'failed'
  /** The rest after a failure is over. */
  | 'rested'
  /** The leader responded. */
  | 'alive'
  /** An interval of this tab's clock has passed without a response. */
  | 'silent'
  /** An interval took longer than {@link LATE_MS}. */
  | 'late'

type Row = Readonly<Record<LeadershipInput, Leadership>>

/** Complete on purpose: an input without effect in a state is a decision, too. */
const TABLE: Readonly<Record<Leadership, Row>> = {
  frozen: {
    visible: 'watching',
    hidden: 'waiting',
    frozen: 'frozen',
    // Too late: the lock goes back.
    granted: 'frozen',
    stolen: 'frozen',
    failed: 'frozen',
    rested: 'frozen',
    alive: 'frozen',
    silent: 'frozen',
    late: 'frozen',
  },
  waiting: {
    visible: 'watching',
    hidden: 'waiting',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'waiting',
    failed: 'resting',
    rested: 'waiting',
    alive: 'waiting',
    silent: 'waiting',
    late: 'waiting',
  },
  watching: {
    visible: 'watching',
    hidden: 'waiting',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'watching',
    failed: 'resting',
    rested: 'watching',
    alive: 'watching',
    silent: 'missedOne',
    late: 'watching',
  },
  missedOne: {
    visible: 'missedOne',
    hidden: 'waiting',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'missedOne',
    failed: 'resting',
    rested: 'missedOne',
    alive: 'watching',
    silent: 'missedTwo',
    late: 'watching',
  },
  missedTwo: {
    visible: 'missedTwo',
    hidden: 'waiting',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'missedTwo',
    failed: 'resting',
    rested: 'missedTwo',
    alive: 'watching',
    silent: 'claiming',
    late: 'watching',
  },
  // The lock is granted immediately, and a steal request cannot be cancelled: only the end of the page stops it.
  claiming: {
    visible: 'claiming',
    hidden: 'claiming',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'waiting',
    failed: 'resting',
    rested: 'claiming',
    alive: 'claiming',
    silent: 'claiming',
    late: 'claiming',
  },
  leading: {
    visible: 'leading',
    hidden: 'leading',
    frozen: 'frozen',
    granted: 'leading',
    stolen: 'waiting',
    failed: 'resting',
    rested: 'leading',
    alive: 'leading',
    silent: 'leading',
    late: 'leading',
  },
  resting: {
    visible: 'resting',
    hidden: 'resting',
    frozen: 'frozen',
    granted: 'resting',
    stolen: 'resting',
    failed: 'resting',
    rested: 'waiting',
    alive: 'resting',
    silent: 'resting',
    late: 'resting',
  },
}

export const nextLeadership = (state: Leadership, input: LeadershipInput): Leadership => TABLE[state][input]

export interface Duty {
  /** `queue` and `steal` are ways to get the lock and then lead; `keep` leaves what is under way as it is */
  readonly lock: 'none' | 'queue' | 'steal' | 'keep'
  readonly asks: boolean
  readonly rests: boolean
}

const IDLE: Duty = { lock: 'none', asks: false, rests: false }
const WATCH: Duty = { lock: 'queue', asks: true, rests: false }

/** What a tab does in a state. */
export const DUTIES: Readonly<Record<Leadership, Duty>> = {
  frozen: IDLE,
  waiting: { lock: 'queue', asks: false, rests: false },
  watching: WATCH,
  missedOne: WATCH,
  missedTwo: WATCH,
  claiming: { lock: 'steal', asks: false, rests: false },
  leading: { lock: 'keep', asks: false, rests: false },
  resting: { lock: 'none', asks: false, rests: true },
}
