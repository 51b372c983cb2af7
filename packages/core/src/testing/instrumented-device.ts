/** A device whose index and log record what they are asked for, and fail or stop where a test says so. */
import type { LocalIndex, IndexStep, OutboxRow } from '../ports/local-index.ts'
import type { RecordLog } from '../ports/record-log.ts'
import type { PoolEvent } from '../records/events.ts'

export interface Transaction {
  readonly epoch: number | undefined
  /** events that it puts into the outbox */
  readonly events: readonly PoolEvent[]
}

export interface InstrumentedPorts {
  readonly index: LocalIndex
  readonly log: RecordLog
  /** write transactions that succeeded */
  readonly transactions: Transaction[]
  /** appends that succeeded */
  readonly appends: (readonly PoolEvent[])[]
  /** calls of the index that only read */
  reads: number
}

export interface Faults {
  /** awaited before a write transaction; a rejection is the transaction's */
  readonly beforeWrite?: (events: readonly PoolEvent[]) => Promise<void>
  /** awaited after a write transaction */
  readonly afterWrite?: (events: readonly PoolEvent[]) => Promise<void>
  /** called before an append; false: the log returns and applies nothing */
  readonly beforeAppend?: (events: readonly PoolEvent[]) => boolean | void
}

export const instrument = (
  { index, log }: { readonly index: LocalIndex; readonly log: RecordLog },
  faults: Faults = {},
): InstrumentedPorts => {
  const ports: InstrumentedPorts = {
    transactions: [],
    appends: [],
    reads: 0,
    index: {
      ...index,
      async write(changes, options = {}) {
        const events = eventsIn(changes)
        await faults.beforeWrite?.(events)
        const changed = await index.write(changes, options)
        ports.transactions.push({ epoch: options.epoch, events })
        await faults.afterWrite?.(events)
        return changed
      },
      get(...args) {
        ports.reads++
        return index.get(...args)
      },
      getMany(...args) {
        ports.reads++
        return index.getMany(...args)
      },
      getAll(...args) {
        ports.reads++
        return index.getAll(...args)
      },
    },
    log: {
      ...log,
      append(events) {
        if (faults.beforeAppend?.(events) === false) return
        log.append(events)
        ports.appends.push(events)
      },
    },
  }
  return ports
}

const eventsIn = (steps: readonly IndexStep[]): readonly PoolEvent[] =>
  steps.flatMap(({ table, change }) => {
    const row = table === 'outbox' ? (change(undefined) as OutboxRow | undefined) : undefined
    return row ? [row.event] : []
  })
