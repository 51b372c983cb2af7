/** What decides how a simulated world goes on, and what is known of it: chance, time, faults and counts. */
import type { RemoteKey } from '@rockpool/protocol'
import type { Platform } from '../platform/platform.ts'
import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'
import type { Settings } from './settings.ts'

export interface Environment {
  readonly random: Random
  readonly scheduler: Scheduler
  /** changes when faults stop */
  settings: Settings
  /** how often each thing happened: a seed that meets no fault proves little */
  readonly counts: Map<string, number>
  /** keys of contents that object storage has lost */
  readonly lostKeys: Set<RemoteKey>
  /** something was lost that only the daily comparison of disk, index and log finds */
  needsComparison: boolean
  /** the first rule that was broken */
  failure: string | undefined
  count(what: string): void
  fail(what: string): void
  newId(): string
  /** of the servers: it is right */
  readonly clock: Platform['clock']
  /** A usual delay, and now and then one that is ten or a hundred times as long. */
  delay(usual: number): number
  /** Resolves after about `usual` ms, unless the process dies. */
  pause(process: Process | undefined, name: string, usual: number): Promise<void>
}
