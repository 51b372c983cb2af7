/** The event logs of the data folder, those of earlier versions included. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logs } from '@rockpool/sync-server'

/**
 * Opens the logs in `events`. At the first time those that LiveStore's sync-cf left in `sync` are copied there, with their
 * numbers and backend ids, so that devices go on where they were. `sync` is left as it is.
 *
 * @throws EventLogError
 */
export const openEventLogs = async (dataDir: string): Promise<Logs> => {
  const { sqliteLogs } = await import('@rockpool/sync-server/node')
  const directory = join(dataDir, 'events')
  if (!existsSync(directory)) await importFormerLogs(join(dataDir, 'sync'), directory)
  return sqliteLogs({ directory })
}

/** All of them or none: a log that came later would meet the one that a device has begun meanwhile. */
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
