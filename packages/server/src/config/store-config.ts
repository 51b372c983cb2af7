/** Where the bytes are kept. */
import { type Environment, numberVariable, variable, wrongVariable } from '@rockpool/access'
import type { S3StoreOptions } from '@rockpool/object-store/s3'
import { readS3 } from '@rockpool/signer'

export type StoreConfig =
  | { readonly mode: 'local'; readonly dataDir: string }
  | { readonly mode: 's3'; readonly s3: S3StoreOptions }
  | {
      readonly mode: 'hybrid'
      readonly dataDir: string
      readonly s3: S3StoreOptions
      /** bytes to keep in the folder of what S3 has too; no limit when not given */
      readonly cacheSize?: number
    }

const DEFAULT_DATA_DIR = '/data/storage'

export const readDataDir = (env: Environment): string => variable(env, 'ROCKPOOL_DATA_DIR') ?? DEFAULT_DATA_DIR

/** @throws RockpoolError `bad_request`, whose message begins with the name of the variable */
export const readStore = (env: Environment): StoreConfig => {
  const mode = variable(env, 'ROCKPOOL_STORE') ?? 'local'
  if (mode !== 'local' && mode !== 's3' && mode !== 'hybrid') {
    throw wrongVariable('ROCKPOOL_STORE', 'it is local, s3 or hybrid')
  }
  if (mode !== 'hybrid' && variable(env, 'ROCKPOOL_CACHE_SIZE') !== undefined) {
    throw wrongVariable('ROCKPOOL_CACHE_SIZE', `it is for the backend hybrid, and the backend is ${mode}`)
  }
  const dataDir = readDataDir(env)
  if (mode === 'local') return withoutS3(env, { mode, dataDir })
  const s3 = readS3(env)
  if (mode === 's3') return { mode, s3 }
  const cacheSize = numberVariable(env, 'ROCKPOOL_CACHE_SIZE', { unset: 0, least: 0, most: Number.MAX_SAFE_INTEGER })
  return { mode, dataDir, s3, ...(cacheSize > 0 && { cacheSize }) }
}

/** Refuses an S3 bucket that would not be used: an operator who names one expects files in it. */
const withoutS3 = (env: Environment, local: StoreConfig): StoreConfig => {
  if (variable(env, 'ARTIFACT_BUCKET') === undefined) return local
  throw wrongVariable(
    'ARTIFACT_BUCKET',
    'the backend is local, which uses no S3 bucket: set the backend to s3 or hybrid',
  )
}
