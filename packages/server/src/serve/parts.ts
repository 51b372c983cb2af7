/** What a server and the commands beside it work with: event logs and object store of one configuration. */
import { chmod, mkdir } from 'node:fs/promises'
import { systemClock } from '@rockpool/sync-server'
import type { ServerConfig } from '../config/server-config.ts'
import { type KeyLocks, memoryKeyLocks } from '../gc/key-locks.ts'
import { postgresKeyLocks } from '../gc/postgres-key-locks.ts'
import { closeAll } from './close-all.ts'
import { openLogs, type ServerLogs } from './open-logs.ts'
import { type OpenedStore, openStore, type StoreEvents } from './open-store.ts'

export interface Parts {
  readonly logs: ServerLogs
  readonly store: OpenedStore['store']
  readonly keyLocks: KeyLocks
  /** signs the URLs of a store that serves its own bytes */
  readonly opened: OpenedStore
  close(): Promise<void>
}

/**
 * Only this user reads the folder, whatever the umask is.
 *
 * @throws Error of one line when the folder cannot be used
 */
export const ensureDataFolder = async (dataDir: string): Promise<void> => {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await chmod(dataDir, 0o700)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new Error(
      `The folder ${dataDir} cannot be used (${code ?? message}). Set storage.local.path (ROCKPOOL_DATA_DIR) to a folder of this user.`,
      { cause },
    )
  }
}

/**
 * Opens both; the folder is locked until `close`.
 *
 * @param signerUrl where browsers reach the signer
 * @throws EventLogError, ObjectStoreError
 */
export const openParts = async (
  { dataDir, eventLog, store: config }: ServerConfig,
  signerUrl: string,
  events?: StoreEvents,
): Promise<Parts> => {
  await ensureDataFolder(dataDir)
  const logs = await openLogs({ dataDir, eventLog })
  try {
    const opened = await openStore(config, signerUrl, events)
    return {
      logs,
      store: opened.store,
      keyLocks: logs.database ? postgresKeyLocks(logs.database, systemClock) : memoryKeyLocks(),
      opened,
      // The logs last: they unlock the data folder.
      close: () => closeAll([() => logs.close(), () => opened.store.close()]),
    }
  } catch (error) {
    await logs.close()
    throw error
  }
}
