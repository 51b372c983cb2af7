/** The servers of a simulated world. A test that brings real ones puts them in the place of core's in-memory ones. */
import type { MemorySigner } from '../memory/signer.ts'
import type { MemorySyncBackend } from '../memory/sync-backend.ts'
import type { Platform } from '../platform/platform.ts'
import type { Pool } from '../pool.ts'
import type { Signer } from '../ports/signer.ts'
import type { FileRecord } from '../records/record.ts'
import type { Machine } from './machine.ts'

export interface Servers {
  readonly storage: Storage
  /** the order of events, and what each device knows of it */
  readonly backend: MemorySyncBackend
  /** what people do beside what every world has, by name; as often each as they remove a file */
  readonly actions?: Readonly<Record<string, ServerAction>>
  /** ms in which people restore what they removed: garbage collection takes it later. For ever unless set */
  readonly trashMs?: number
  /** Once the world is at rest: fails it when a rule of the servers is broken. */
  readonly check?: () => Promise<void>
}

/** @param file one that the device lists; undefined when there is none */
export type ServerAction = (device: Machine, pool: Pool, file: FileRecord | undefined) => Promise<unknown>

export interface Storage extends Pick<MemorySigner, 'fetch'> {
  /** what object storage has, by key: oracles look at it, and incidents delete from it */
  readonly objects: Pick<Map<string, unknown>, 'has' | 'keys' | 'delete'>
  readonly faults: Pick<MemorySigner['faults'], 'refuse'>
  /** Forgets all multipart uploads that were begun, as a lifecycle rule of the S3 bucket does. */
  discardUploads(): void
  /** The signer: called directly, or over the network of a tab, whose requests go to `fetch`. */
  readonly signer: Signer | ((device: string, network: SignerNetwork) => Signer)
}

export interface SignerNetwork {
  readonly fetch: typeof fetch
  readonly platform: Pick<Platform, 'clock' | 'page'>
}
