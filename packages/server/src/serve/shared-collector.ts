/** Garbage collection of servers that may share their logs and their object store. */
import type { Clock } from '@rockpool/sync-server'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'
import { startLeasedWork } from '../leases/lease.ts'
import { type Collector, type CollectorOptions, startCollector } from './collector.ts'

export interface SharedCollectorOptions extends CollectorOptions {
  /** undefined: this server is the only one */
  readonly database: PostgresDatabase | undefined
  readonly clock: Clock
  /** The database failed: nothing is collected until it responds. */
  readonly onError: (error: unknown) => void
}

/**
 * Of several servers that share a database, one collects at a time. Two that collect at once would lose nothing, but the memory of a store
 * is written by one of them only (`gc/state.ts`): the other one's run ends, and is logged as failed.
 */
export const startSharedCollector = ({ database, clock, onError, ...options }: SharedCollectorOptions): Collector => {
  if (!database) return startCollector(options)
  const start = async () => startCollector(options)
  return startLeasedWork({ database, name: 'gc', start, clock, onError })
}
