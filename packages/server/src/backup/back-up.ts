/**
 * An online backup. Logs first, bytes after: whatever a log names in that moment is among the bytes, since the collector deletes
 * nothing that was named less than a month ago.
 */
import { createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { randomBytes } from 'node:crypto'
import { listAll, type ObjectStore } from '@rockpool/object-store'
import { copyStore, progressLine } from '@rockpool/object-store/copy'
import { openLocalStore } from '@rockpool/object-store/local'
import type { SqliteLogs } from '@rockpool/sync-server/node'
import { isInside } from '../config/paths.ts'
import { copyState } from '../state/copy-state.ts'
import { every2s, type Task, type TaskInput } from '../tasks/task.ts'
import { VERSION } from '../version.ts'
import { copyDurably } from './copy-durably.ts'
import {
  type BackupManifest,
  EVENTS_FOLDER,
  OBJECTS_FILE,
  type ReferredObject,
  SECRET_FILES,
  STORE_FOLDER,
  writeManifest,
} from './manifest.ts'

export interface BackUpArguments {
  /** absolute; one with an older backup is brought up to date */
  readonly folder: string
  /** `reference`: only lists the bytes, which are in S3 */
  readonly bytes: 'copy' | 'reference'
}

export interface BackUpResult extends BackupManifest {
  /** objects that could not be read; everything else is in the backup */
  readonly failed: readonly { readonly key: string; readonly reason: string }[]
}

export const backUp: Task<BackUpArguments, BackUpResult> = {
  name: 'backup',
  run: async ({ folder, bytes }, input) => {
    const { config, parts, progress } = input
    if (isInside(folder, config.dataDir) || isInside(config.dataDir, folder)) {
      throw new Error(
        `A backup in ${folder} would be lost with the data folder. Name a folder outside of ${config.dataDir}.`,
      )
    }
    if (bytes === 'reference' && config.store.mode === 'local') {
      throw new Error(
        'The backend local has its bytes in the data folder only: they have to be copied. Leave --reference out.',
      )
    }
    await makePrivate(folder)
    // A backup that is interrupted is no backup.
    await rm(join(folder, 'backup.json'), { force: true })
    const { backUp: copyLog } = parts.logs
    const stores = copyLog ? await backUpLogs(folder, copyLog, input) : []
    if (!copyLog) progress('The event logs are in Postgres: save them with pg_dump, before this backup.')
    for (const name of SECRET_FILES) {
      if (!existsSync(join(config.dataDir, name))) continue
      await copyDurably(join(config.dataDir, name), join(folder, name))
    }
    copyState(config.dataDir, folder)
    const { failed, ...described } =
      bytes === 'copy' ? await copyBytes(folder, input) : await referToBytes(folder, parts.store, input)
    const manifest = {
      format: 1,
      createdAt: new Date().toISOString(),
      server: VERSION,
      ...(!copyLog && { eventLog: 'postgres' as const }),
      stores,
      bytes: described,
    } as const
    await writeManifest(folder, manifest)
    return { ...manifest, failed }
  },
}

const makePrivate = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
}

const backUpLogs = async (
  folder: string,
  copyLog: SqliteLogs['backUp'],
  { parts, signal, progress }: TaskInput,
): Promise<BackupManifest['stores']> => {
  const target = join(folder, EVENTS_FOLDER)
  await makePrivate(target)
  const stores: { storeId: string; backendId: string; head: number }[] = []
  for (const storeId of (await parts.logs.storeIds()).toSorted()) {
    signal.throwIfAborted()
    stores.push({ storeId, ...(await copyLog(storeId, target)) })
  }
  progress(`Event logs of ${stores.length} stores`)
  return stores
}

/** Only what the backup lacks is copied, verified by its hash. */
const copyBytes = async (folder: string, { parts, signal, progress }: TaskInput) => {
  // No URL is signed here.
  const secret = randomBytes(32).toString('hex')
  const target = await openLocalStore({ directory: join(folder, STORE_FOLDER), publicBaseUrl: '', secret })
  try {
    const report = every2s(progress)
    const onProgress: NonNullable<Parameters<typeof copyStore>[2]>['onProgress'] = (copied) =>
      report(() => progressLine(copied))
    const { objects, bytes, failed } = await copyStore(parts.store, target, { signal, onProgress })
    return { kind: 'copy', objects, size: bytes, failed } as const
  } finally {
    await target.close()
  }
}

const referToBytes = async (folder: string, store: ObjectStore, { config, signal }: TaskInput) => {
  const file = join(folder, OBJECTS_FILE)
  let objects = 0
  let size = 0
  async function* lines() {
    for await (const object of listAll(store, '', { signal })) {
      if (object.key.startsWith('tmp/')) continue
      objects++
      size += object.size
      const line: ReferredObject = { key: object.key, size: object.size }
      yield `${JSON.stringify(line)}\n`
    }
  }
  await pipeline(lines, createWriteStream(`${file}.new`, { mode: 0o600, flush: true }))
  await rename(`${file}.new`, file)
  const s3Bucket = config.store.mode === 'local' ? '' : config.store.s3.bucket
  return { kind: 'reference', objects, size, s3Bucket, failed: [] } as const
}
