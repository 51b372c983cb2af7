/** The object store that a configuration names, and the secret of its own signed URLs if it has any. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openHybridStore, type ReplicationFailure } from '@rockpool/object-store/hybrid'
import { openLocalStore } from '@rockpool/object-store/local'
import { openS3Store } from '@rockpool/object-store/s3'
import type { VerifiableStore } from '@rockpool/object-store/verify'
import { RockpoolError } from '@rockpool/protocol'
import type { StoreConfig } from '../config/store-config.ts'

export interface OpenedStore {
  readonly store: VerifiableStore
  readonly urlSecret?: string
}

export interface StoreEvents {
  /** a failed attempt of a hybrid store to replicate to S3 */
  readonly onFailure?: (failure: ReplicationFailure) => void
  /** files that no index named were moved to `quarantine/` */
  readonly onQuarantine?: (files: number) => void
}

/**
 * @throws ObjectStoreError when the store cannot be opened
 */
export const openStore = async (
  config: StoreConfig,
  publicBaseUrl: string,
  events: StoreEvents = {},
): Promise<OpenedStore> => {
  if (config.mode === 's3') return { store: await openS3Store(config.s3) }
  await mkdir(config.dataDir, { recursive: true })
  const urlSecret = await keptSecret(join(config.dataDir, 'url-secret'))
  const folder = { directory: join(config.dataDir, 'store'), publicBaseUrl, secret: urlSecret, ...events }
  if (config.mode === 'local') {
    if (existsSync(join(folder.directory, 'hybrid.sqlite'))) {
      throw new RockpoolError(
        'bad_request',
        `The folder ${config.dataDir} is a hybrid store, of which S3 may have more. Set storage.backend to hybrid, or another storage.local.path.`,
      )
    }
    return { store: await openLocalStore(folder), urlSecret }
  }
  const { s3, cacheSize } = config
  const connect = (signal: AbortSignal) => openS3Store(s3, signal)
  return { store: await openHybridStore({ ...folder, connect, ...(cacheSize && { cacheSize }) }), urlSecret }
}

/** A random secret in a file of its own, made at the first start: shared links outlive a restart. */
const keptSecret = async (path: string): Promise<string> => {
  try {
    await writeFile(path, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600, flush: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  await chmod(path, 0o600)
  const secret = await readFile(path, 'utf8')
  if (secret.length < 32)
    throw new RockpoolError('bad_request', `The file ${path} is damaged. Delete it: signed URLs made before end then.`)
  return secret
}
