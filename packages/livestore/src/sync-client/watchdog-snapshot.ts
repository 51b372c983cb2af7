/** Collects the watchdog's input from the parts of the provider. */
import type { Connection } from './connection.ts'
import type { ReceiverView } from './receiver.ts'
import type { WatchdogSnapshot } from './watchdog.ts'

export interface SnapshotSources {
  readonly now: number
  /** when the device last slept */
  readonly sleptUntil: number
  readonly connection: Pick<Connection, 'contact' | 'respondedSince'>
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
  const respondedSince = connection.contact().type === 'responded' ? connection.respondedSince() : undefined
  /** Time without a response, or asleep, does not count as a standstill. */
  const since = (time: number | undefined) => time && Math.max(time, sleptUntil, respondedSince ?? 0)
  return {
    now,
    serverAnswers: respondedSince !== undefined && !isHalted,
    pullEndedAt: since(view.pullEndedAt),
    pushWaitsSince: since(pushWaitsSince),
    unconfirmedSince: since(view.unconfirmedSince),
    behindSince: since(view.behindSince),
    noSocketSince: since(noSocketSince),
  }
}
