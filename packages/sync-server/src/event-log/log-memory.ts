/** What a process remembers of a log in SQLite, so that an append reads nothing: no other process writes to the log. */
import type { RecentEvents } from './recent-events.ts'
import type { CountedUsage } from './usage.ts'

export interface LogMemory {
  /** none are kept unless set */
  readonly recent: RecentEvents | undefined
  /** what the log holds; undefined: has to be read */
  usage: CountedUsage | undefined
  /** a head below which fewer events wait for the read model than an append would have to apply; undefined: not known */
  nextBacklogCheck?: number | undefined
}

/** Call it when events that are stored have changed, or may have. */
export const forget = (memory: LogMemory): void => {
  memory.recent?.clear()
  memory.usage = undefined
  memory.nextBacklogCheck = undefined
}
