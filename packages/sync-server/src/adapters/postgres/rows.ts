/** Rows of the table `events`. */
import type { StoredEvent } from '../../event-log/event.ts'
import { arrayLiteral } from './array-literal.ts'

export interface EventRow {
  readonly seq_num: number
  readonly name: string
  readonly args: string | null
  readonly client_id: string
  readonly session_id: string
  readonly sub: string | null
  readonly at: number
}

export const toStoredEvent = (row: EventRow): StoredEvent => ({
  name: row.name,
  argsJson: row.args ?? undefined,
  seqNum: row.seq_num,
  clientId: row.client_id,
  sessionId: row.session_id,
  sub: row.sub ?? undefined,
  at: row.at,
})

/** Events column by column, as lists that `unnest` takes. */
export const toColumns = (events: readonly StoredEvent[]) => ({
  seqNums: arrayLiteral(events.map(({ seqNum }) => seqNum)),
  names: arrayLiteral(events.map(({ name }) => name)),
  args: arrayLiteral(events.map(({ argsJson }) => argsJson ?? null)),
  clientIds: arrayLiteral(events.map(({ clientId }) => clientId)),
  sessionIds: arrayLiteral(events.map(({ sessionId }) => sessionId)),
  subs: arrayLiteral(events.map(({ sub }) => sub ?? null)),
  times: arrayLiteral(events.map(({ at }) => at)),
})

/** Whether Postgres can store the event: it has no character NUL. The gate of the server refuses it anyway. */
export const isStorable = ({ name, argsJson = '', clientId, sessionId, sub = '' }: StoredEvent): boolean =>
  ![name, argsJson, clientId, sessionId, sub].some((text) => text.includes('\0'))
