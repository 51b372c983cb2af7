/**
 * State machine of a suspected loss: from a download that finds nothing, through checks with the signer, to `ContentLost`,
 * and from there to the new upload. Pure; its table is complete by its type.
 */
import type { RemoteKey } from '@rockpool/protocol'
import type { SuspectRow, SuspectState } from '../../ports/local-index.ts'

/** Consecutive misses by the signer that prove a loss, and the time between checks: three in 10 min. ms */
export const MISSES = 3
export const CHECK_EVERY_MS = 5 * 60_000

/** Time between checks while the signer's settings look wrong: a person has to correct them. ms */
export const SUSPECT_EVERY_MS = 15 * 60_000

/** Losses that a device reports within {@link CONCLUDED_MS}; more indicate another problem. */
export const MAX_LOSSES = 10
export const CONCLUDED_MS = 60 * 60_000

/** Devices that have lost content wait a random time up to this, so that one uploads and the others see that. ms */
export const HEAL_WITHIN_MS = 60_000

/** Cool-down of a device after it healed or checked content: anyone can append `ContentLost`. ms */
export const HEALED_MS = 10 * 60_000

export type LossInput =
  /** a download did not find what the log says is stored */
  | 'missing'
  /** the signer found it */
  | 'present'
  /** the signer did not find it */
  | 'absent'
  /** the signer could not be asked */
  | 'unanswered'
  /** the signer finds other content of the store, or there is none to ask for */
  | 'alone'
  /** the signer does not find other content either, or this device has concluded {@link MAX_LOSSES} */
  | 'not_alone'
  /** the log says lost, and this device has the bytes of a live file */
  | 'lost_here'
  /** the log says lost, and this device cannot help */
  | 'lost'
  /** the log says stored */
  | 'stored'
  /** `dueAt` has come */
  | 'due'

export type LossAct =
  /** ask the signer for the content */
  | 'ask'
  /** ask the signer for other content */
  | 'compare'
  /** append `ContentLost` */
  | 'conclude'
  /** queue an upload: its first step asks the signer */
  | 'send'
  /** object storage has the content: retry the download */
  | 'retry_download'

export interface LossContext {
  readonly remoteKey: RemoteKey
  /** unix ms */
  readonly now: number
  /** 0 (inclusive) to 1 (exclusive) */
  readonly random: number
}

export interface LossStep {
  /** the row afterwards; undefined: none */
  readonly row: SuspectRow | undefined
  readonly act?: LossAct
}

export const nextLoss = (row: SuspectRow | undefined, input: LossInput, context: LossContext): LossStep =>
  TABLE[row?.state ?? 'none'][input](row ?? newRow(context), context)

/** Whether the row's next step is due. A `dueAt` written by a wrong clock must not delay it for long. */
export const isLossDue = ({ dueAt }: SuspectRow, now: number): boolean => dueAt <= now || dueAt > now + CONCLUDED_MS

/** Whether a person must check the signer's settings. */
export const isStorageSuspect = (rows: readonly SuspectRow[]): boolean =>
  rows.some(({ state }) => state === 'storage_suspect')

type Transition = (row: SuspectRow, context: LossContext) => LossStep

const newRow = ({ remoteKey, now }: LossContext): SuspectRow => ({
  remoteKey,
  state: 'checking',
  misses: 0,
  again: false,
  dueAt: now,
})

const none: Transition = () => ({ row: undefined })
const stay: Transition = (row) => ({ row })
const act =
  (transition: Transition, act: LossAct): Transition =>
  (row, context) => ({ ...transition(row, context), act })
const to =
  (state: SuspectState, afterMs: number): Transition =>
  (row, { now }) => ({ row: { ...row, state, dueAt: now + afterMs } })

const check = to('checking', 0)
const checkLater = to('checking', CHECK_EVERY_MS)
const suspectStorage = to('storage_suspect', SUSPECT_EVERY_MS)
const conclude = act(to('concluded', CONCLUDED_MS), 'conclude')
const heal: Transition = (row, { now, random }) => ({
  row: { ...row, state: 'healing', misses: 0, again: false, dueAt: now + Math.round(HEAL_WITHIN_MS * random) },
})
const send = act(to('healed', HEALED_MS), 'send')
const healAgain: Transition = (row) => ({ row: { ...row, again: true } })
const healedEnds: Transition = (row, context) => (row.again ? heal(row, context) : none(row, context))
const foundAgain = act(none, 'retry_download')

const askSoon = to('storage_suspect', 0)

const countMiss: Transition = (row, context) => {
  const misses = Math.min(MISSES, row.misses + 1)
  const next = checkLater({ ...row, misses }, context)
  return misses < MISSES ? next : { ...next, act: 'compare' }
}

const TABLE: Readonly<Record<SuspectState | 'none', Readonly<Record<LossInput, Transition>>>> = {
  none: {
    missing: check,
    present: none,
    absent: none,
    unanswered: none,
    alone: none,
    not_alone: none,
    lost_here: heal,
    lost: none,
    stored: none,
    due: none,
  },
  checking: {
    missing: stay,
    present: foundAgain,
    absent: countMiss,
    unanswered: checkLater,
    alone: conclude,
    not_alone: suspectStorage,
    lost_here: heal,
    lost: none,
    // The signer decides: the event may be older than the download.
    stored: stay,
    due: act(stay, 'ask'),
  },
  storage_suspect: {
    missing: stay,
    present: foundAgain,
    absent: act(suspectStorage, 'compare'),
    unanswered: suspectStorage,
    alone: conclude,
    not_alone: suspectStorage,
    lost_here: heal,
    lost: none,
    stored: askSoon,
    due: act(stay, 'ask'),
  },
  concluded: {
    missing: stay,
    present: stay,
    absent: stay,
    unanswered: stay,
    alone: stay,
    not_alone: stay,
    lost_here: heal,
    lost: stay,
    stored: stay,
    due: none,
  },
  healing: {
    missing: stay,
    present: stay,
    absent: stay,
    unanswered: stay,
    alone: stay,
    not_alone: stay,
    lost_here: stay,
    lost: none,
    stored: none,
    due: send,
  },
  healed: {
    missing: stay,
    present: stay,
    absent: stay,
    unanswered: stay,
    alone: stay,
    not_alone: stay,
    lost_here: healAgain,
    lost: stay,
    stored: stay,
    due: healedEnds,
  },
}
