/** The port of the sync server: the event log of one store. Every adapter passes `eventLogSuite`. */
import type { StoreId } from '@rockpool/protocol'
import type { FilesInUse } from '../gate/file-quota.ts'
import type { LogEvent, Origin, StoredEvent } from './event.ts'

export interface EventLog {
  /** Random id that the log gets when it is created. */
  readonly backendId: string

  /** The number of the last event; 0 while the log is empty. */
  head(): Promise<number>

  /**
   * Compares and appends in one transaction. Events that the log already holds at the same numbers with the same content
   * count as appended; of the rest, as many are stored as `check` takes. Durable when it resolves. Nothing is stored unless
   * the result is `appended`. With `maxBetween`, a push that others have overtaken is stored behind their events.
   *
   * @param parent the number before the first event; the events are numbered `parent + 1`, `parent + 2`, …
   * @throws EventLogError
   */
  append(parent: number, events: readonly LogEvent[], options: AppendOptions): Promise<AppendResult>

  /**
   * The events after `since`: at most `limit` and at most `maxBytes` of them as JSON, but at least one.
   *
   * @throws EventLogError
   */
  read(since: number, limits: ReadLimits): Promise<Page>

  /** Later calls fail with `closed`. May be called again. */
  close(): Promise<void>
}

export interface AppendOptions extends Origin {
  /**
   * Runs in the transaction before anything is stored, when the push fits and has new events. All are taken unless set.
   * Throws to refuse the push.
   *
   * @param firstNew index of the first event that the log does not hold yet
   * @param usage what the log holds before the append
   * @param isRedacted whether an event brings back what was redacted
   * @param inUse with `countsFiles`: the files of the store and of `sub` before the append; undefined where the log is of one
   *   server, which can count by itself
   * @returns how many events of the push the log holds afterwards, repeats included: from `firstNew`, which takes none, to
   *   the length of the push
   */
  readonly check?: (
    firstNew: number,
    usage: Usage,
    isRedacted: (event: LogEvent) => boolean,
    inUse?: FilesInUse,
  ) => number
  /** Whether `check` needs the files in use, which takes time; not unless set. */
  readonly countsFiles?: boolean
  /**
   * How many events of others may come before the push: it is then no conflict, and gets the numbers after them. 0 unless
   * set. Only for events whose session ids are unique to a commit, so that a repeat is recognized under other numbers.
   */
  readonly maxBetween?: number
}

/** What a log holds. */
export interface Usage {
  readonly events: number
  /** bytes of the events as JSON, by `eventBytes` */
  readonly bytes: number
}

export type AppendResult =
  /**
   * The first `taken` events of the push are in the log: all of them unless `check` took less. Those from index `firstNew`
   * on are new, but for those that the log held already; `before` is the head before this append.
   */
  | {
      readonly kind: 'appended'
      readonly head: number
      readonly before: number
      readonly firstNew: number
      readonly taken: number
      /** the new events, as the log numbers them */
      readonly added: readonly StoredEvent[]
      /** when others had overtaken the push: the number of the last event that both sides had */
      readonly common?: number
    }
  /** Other events hold these numbers. `common` is the number of the last event that both sides have. */
  | { readonly kind: 'conflict'; readonly head: number; readonly common: number }
  /** `parent` is above the head. */
  | { readonly kind: 'parent_ahead'; readonly head: number }

export interface ReadLimits {
  readonly limit: number
  readonly maxBytes: number
}

export interface Page {
  /** head of the log when the page was read */
  readonly head: number
  readonly events: readonly StoredEvent[]
  /** the events as they travel, in UTF-8: pieces that give the page with a comma between two */
  readonly json: readonly Uint8Array<ArrayBuffer>[]
}

/** The logs of all stores of one server. */
export interface Logs<Log extends EventLog = EventLog> {
  /**
   * The log of a store; it is created at the first call.
   *
   * @throws EventLogError
   */
  open(storeId: StoreId): Promise<Log>
  /** The stores that have a log. Missing where logs cannot be listed, as Durable Objects. */
  storeIds?(): Promise<readonly StoreId[]>
  /**
   * Reports what other servers append to the same logs. Missing where one process has the logs to itself.
   *
   * @returns stops
   */
  watch?(watcher: AppendWatcher): () => void
  /** Later calls of `open` and of all logs fail with `closed`. May be called again. */
  close(): Promise<void>
}

/** Gets the appends of other servers. Its methods do not throw. */
export interface AppendWatcher {
  /** Another server stored events after the number `since`. */
  appended(storeId: StoreId, since: number): void
  /** Appends may have been missed until now. */
  resumed(): void
}

export type EventLogErrorCode =
  /** another process uses the log */
  | 'locked'
  /** the log file is damaged, or belongs to another store */
  | 'corrupt'
  /** the log file existed and is missing */
  | 'missing'
  /** a newer version of Rockpool wrote the log */
  | 'newer_version'
  /** the disk is full */
  | 'no_space'
  /** reading or writing failed for another reason */
  | 'unavailable'
  /** an event could not be applied to the read model */
  | 'incomplete'
  /** the log was closed */
  | 'closed'

/** For the operator of the server: one line that says what happened and what to do. */
export class EventLogError extends Error {
  override readonly name = 'EventLogError'
  readonly code: EventLogErrorCode

  constructor(code: EventLogErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
  }
}

/** Whether `error` is an {@link EventLogError}. Safe across bundles (no instanceof). */
export const isEventLogError = (error: unknown): error is EventLogError =>
  error instanceof Error && error.name === 'EventLogError'

export const closedError = (): EventLogError => new EventLogError('closed', 'This event log is closed. Open it again.')
