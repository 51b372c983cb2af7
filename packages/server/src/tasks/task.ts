/** Work on the event logs and the object store: inside the running server, or in the process of a command while none runs. */
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import type { RedactionCause, RedactResult } from '@rockpool/sync-server'
import type { ServerConfig } from '../config/server-config.ts'
import type { Parts } from '../serve/parts.ts'

export interface TaskInput {
  readonly config: ServerConfig
  readonly parts: Pick<Parts, 'keyLocks' | 'logs' | 'store'>
  /** appends `v2.ContentLost`; connected devices hear of it */
  readonly reportLost: (storeId: StoreId, keys: readonly RemoteKey[]) => Promise<void>
  /** redacts an event; connected devices hear of it */
  readonly redact: (storeId: StoreId, seqNum: number, cause: Omit<RedactionCause, 'at'>) => Promise<RedactResult>
  readonly signal: AbortSignal
  /** a line for a person, now and then */
  readonly progress: (line: string) => void
}

/** Arguments and result are JSON: they may travel between two processes. */
export interface Task<Arguments, Result> {
  readonly name: string
  /** @throws Error whose message is one line */
  run(args: Arguments, input: TaskInput): Promise<Result>
}

/** At most one line in two seconds. */
export const every2s = (write: (line: string) => void): ((line: () => string) => void) => {
  let next = Date.now() + 2_000
  return (line) => {
    if (Date.now() < next) return
    next = Date.now() + 2_000
    write(line())
  }
}
