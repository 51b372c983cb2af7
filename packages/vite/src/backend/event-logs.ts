/** The event logs of the data folder, those of earlier versions included. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logs } from '@rockpool/sync-server'

/**
 * Opens the logs in `events`. The first call copies the logs that LiveStore's sync-cf wrote to `sync`, with their numbers
 * and backend ids, so that devices keep syncing. `sync` stays as it is.
 *
 * @throws EventLogError
 */
export const openEventLogs = async (dataDir: string): Promise<Logs> => {
  const { sqliteLogs } = await import('@rockpool/sync-server/node')
  const directory = join(dataDir, 'events')
  if (!existsSync(directory)) await importFormerLogs(join(dataDir, 'sync'), directory)
  return sqliteLogs({ directory })
}

/** Imports all logs or none: after a partial import, a device could start a second log under the same store id. */
const importFormerLogs = async (former: string, directory: string): Promise<void> => {
  if (!existsSync(former)) return
  const { findSyncCfFiles, importSyncCfLog } = await import('@rockpool/sync-server/node')
  const files = await findSyncCfFiles(former)
  if (files.length === 0) return
  const unfinished = `${directory}.importing`
  await rm(unfinished, { recursive: true, force: true })
  for (const file of files) await importSyncCfLog({ file, directory: unfinished })
  await rename(unfinished, directory)
}
