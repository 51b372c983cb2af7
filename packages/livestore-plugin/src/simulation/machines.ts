/** The machines that the simulation runs: the real ones, unless a test puts a planted defect in the place of one. */
import type { Receiver } from '../../../livestore/src/sync-client/receiver.ts'
import { append } from '../../../sync-server/src/event-log/append.ts'
import { commitIds } from '../commit-id.ts'
import { afterBackendPush, nextBackendAction } from '../leader/backend-pusher.ts'
import { decideBackendEvents, decidePush, decideRefusal } from '../leader/machine.ts'
import { missedNews, newsOf } from '../leader/news.ts'
import { takePage } from '../leader/pages.ts'
import { afterPush, afterReset, decideNews, pushAgain } from '../session/machine.ts'
import { afterOutcome, afterPause, nextAction } from '../session/pusher.ts'
import { type Disk, isLevel, rebuildState } from './disk.ts'

const real = {
  decidePush,
  decideBackendEvents,
  decideRefusal,
  nextBackendAction,
  afterBackendPush,
  takePage,
  newsOf,
  missedNews,
  decideNews,
  afterPush,
  pushAgain,
  afterReset,
  nextAction,
  afterOutcome,
  afterPause,
  commitIds,
  append,
}

export interface Machines extends Readonly<typeof real> {
  /** The two databases commit one after the other, and the page may end between any two of these. */
  readonly commitDatabases: (commitLog: () => void, commitState: () => void, mayEnd: () => void) => void
  /** A leader starts. */
  readonly levelState: (disk: Disk) => void
  /** A step of the leader is written, then emitted to the tabs. */
  readonly writeAndEmit: (write: () => void, emit: () => void) => void
  /** A tab takes news in one step. @param later another step of the same tab */
  readonly takeNews: (take: () => void, later: (run: () => void) => void) => void
  /** ms, as `ANSWER_TIMEOUT` */
  readonly answerTimeout: number
  /** ms, as `NEWS_TIMEOUT` */
  readonly newsTimeout: number
  /** whether the shared worker sends a request again whose leader ended */
  readonly resendsToNextLeader: boolean
  readonly wrapReceiver: (receiver: Receiver) => Receiver
}

export const REAL_MACHINES: Machines = {
  ...real,
  commitDatabases: (commitLog, commitState, mayEnd) => {
    mayEnd()
    commitLog()
    mayEnd()
    commitState()
    mayEnd()
  },
  levelState: (disk) => {
    if (!isLevel(disk)) rebuildState(disk)
  },
  writeAndEmit: (write, emit) => {
    write()
    emit()
  },
  takeNews: (take) => take(),
  answerTimeout: 10_000,
  newsTimeout: 10_000,
  resendsToNextLeader: true,
  wrapReceiver: (receiver) => receiver,
}
