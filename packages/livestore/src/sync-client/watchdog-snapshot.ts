/** What the watchdog decides on, out of what the parts of the provider know. */
import type { Connection } from './connection.ts'
import type { ReceiverView } from './receiver.ts'
import type { WatchdogSnapshot } from './watchdog.ts'

export interface SnapshotSources {
  readonly now: number
  /** when the device last slept */
  readonly sleptUntil: number
  readonly connection: Pick<Connection, 'contact' | 'answersSince'>
  readonly view: ReceiverView
  readonly pushWaitsSince: number | undefined
  readonly noSocketSince: number | undefined
  /** whether sync stopped because of the server's log */
  readonly isHalted: boolean
}

export const snapshotOf = ({
  now,
  sleptUntil,
  connection,
  view,
  pushWaitsSince,
  noSocketSince,
  isHalted,
}: SnapshotSources): WatchdogSnapshot => {
  const answersSince = connection.contact().type === 'answered' ? connection.answersSince() : undefined
  /** Nothing could make progress while the server did not respond, or the device slept. */
  const since = (time: number | undefined) => time && Math.max(time, sleptUntil, answersSince ?? 0)
  return {
    now,
    serverAnswers: answersSince !== undefined && !isHalted,
    pullEndedAt: since(view.pullEndedAt),
    pushWaitsSince: since(pushWaitsSince),
    unconfirmedSince: since(view.unconfirmedSince),
    behindSince: since(view.behindSince),
    noSocketSince: since(noSocketSince),
  }
}
