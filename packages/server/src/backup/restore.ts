/** Restores a backup into the folder and the object store of a configuration. An interrupted run resumes. */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import { copyStore, progressLine } from '@rockpool/object-store/copy'
import { openLocalStore } from '@rockpool/object-store/local'
import { lockFolder } from '@rockpool/sync-server/node'
import type { ServerConfig } from '../config/server-config.ts'
import { openStore } from '../serve/open-store.ts'
import { eventsFolder, hasEventLogs } from '../serve/open-logs.ts'
import { ensureDataFolder } from '../serve/parts.ts'
import { openState, STATE_FILE } from '../state/open-state.ts'
import { noteRestore } from '../state/restores.ts'
import { every2s } from '../tasks/task.ts'
import { copyDurably, syncFolder } from './copy-durably.ts'
import {
  type BackupManifest,
  EVENTS_FOLDER,
  readManifest,
  readReferred,
  SECRET_FILES,
  STORE_FOLDER,
} from './manifest.ts'

export interface RestoreOptions {
  /** of the backup */
  readonly folder: string
  readonly config: ServerConfig
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

export interface RestoreResult {
  readonly backup: BackupManifest
  /** objects that are damaged in the backup, or missing in the S3 bucket that it refers to */
  readonly failed: readonly { readonly key: string; readonly reason: string }[]
}

/** @throws Error of one line when the data folder has event logs already, or the backup is not whole; EventLogError `locked` */
export const restoreBackup = async ({ folder, config, signal, progress }: RestoreOptions): Promise<RestoreResult> => {
  const backup = await readManifest(folder)
  requireSameLogs(backup, config)
  const { dataDir } = config
  if (await hasEventLogs(dataDir)) {
    throw new Error(`There are event logs in ${dataDir} already. Restore into an empty folder: set storage.local.path.`)
  }
  await ensureDataFolder(dataDir)
  const unlock = lockLogs(config)
  try {
    return await restoreAll(backup, { folder, config, signal, progress })
  } finally {
    unlock()
  }
}

/** A server that runs has no logs yet, or has them in Postgres. @throws EventLogError `locked` */
const lockLogs = ({ dataDir, eventLog }: ServerConfig): (() => void) => {
  if (eventLog.backend === 'postgres') return lockFolder(dataDir, 'The data folder')
  const events = eventsFolder(dataDir)
  return existsSync(events) ? lockFolder(events) : () => {}
}

const restoreAll = async (
  backup: BackupManifest,
  { folder, config, signal, progress }: RestoreOptions,
): Promise<RestoreResult> => {
  const { dataDir } = config
  for (const name of [...SECRET_FILES, STATE_FILE]) {
    if (!existsSync(join(folder, name))) continue
    // SQLite would replay the write-ahead log of a server that was killed into the restored file.
    if (name === STATE_FILE) for (const end of ['-wal', '-shm']) await rm(join(dataDir, name + end), { force: true })
    await copyDurably(join(folder, name), join(dataDir, name))
  }
  const state = openState(dataDir)
  try {
    noteRestore(state.database, Date.now())
  } finally {
    state.close()
  }
  const { store } = await openStore(config.store, '')
  let failed: RestoreResult['failed']
  try {
    failed =
      backup.bytes.kind === 'copy'
        ? await restoreBytes(folder, store, signal, progress)
        : await findMissing(folder, store, signal)
  } finally {
    await store.close()
  }
  if (backup.eventLog === 'postgres')
    progress('The event logs are not in this backup: restore them with pg_restore or psql.')
  else await restoreLogs(folder, dataDir, backup)
  return { backup, failed }
}

/** @throws Error of one line when the backup is of other event logs than the configuration names */
const requireSameLogs = (backup: BackupManifest, { eventLog }: ServerConfig): void => {
  const { eventLog: backend = 'sqlite' } = backup
  if (eventLog.backend === backend) return
  throw new Error(
    `This backup is of a server with event logs in ${backend}, and event_log.backend is ${eventLog.backend}. Set it to ${backend}.`,
  )
}

/** Last, and all at once: a server that finds logs has everything. */
const restoreLogs = async (folder: string, dataDir: string, backup: BackupManifest): Promise<void> => {
  const events = eventsFolder(dataDir)
  const unfinished = `${events}.restoring`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  for (const { storeId } of backup.stores) {
    for (const name of [`${storeId}.sqlite`, `${storeId}.id`]) {
      await copyDurably(join(folder, EVENTS_FOLDER, name), join(unfinished, name))
    }
  }
  // A power failure must not leave the name of the folder before its files.
  await syncFolder(unfinished)
  await rm(events, { recursive: true, force: true })
  await rename(unfinished, events)
  await syncFolder(dataDir)
}

const restoreBytes = async (
  folder: string,
  store: ObjectStore,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<RestoreResult['failed']> => {
  const secret = randomBytes(32).toString('hex')
  const source = await openLocalStore({ directory: join(folder, STORE_FOLDER), publicBaseUrl: '', secret })
  try {
    const report = every2s(progress)
    const result = await copyStore(source, store, {
      signal,
      onProgress: (copied) => report(() => progressLine(copied)),
    })
    return result.failed
  } finally {
    await source.close()
  }
}

const findMissing = async (
  folder: string,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<RestoreResult['failed']> => {
  const failed: { key: string; reason: string }[] = []
  for await (const { key, size } of readReferred(folder)) {
    try {
      const found = await store.head(key, { signal })
      if (found.size !== size) failed.push({ key, reason: `It has ${found.size} bytes, not ${size}.` })
    } catch (error) {
      if (!isObjectStoreError(error, 'not_found')) throw error
      failed.push({ key, reason: 'It is not in the object store.' })
    }
  }
  return failed
}
