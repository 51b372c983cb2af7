/** Store locations on the command line. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ObjectStoreError } from '../errors.ts'
import { openLocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import { openS3Store, type S3StoreOptions } from '../s3/index.ts'

export type Side = 'from' | 'to'

export type Location =
  | { readonly mode: 'local'; readonly directory: string }
  | { readonly mode: 's3'; readonly s3: S3StoreOptions }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Parses `local:<folder>` or `s3:<bucket>`. The other S3 settings are the signer's variables `ARTIFACT_ENDPOINT`,
 * `ARTIFACT_REGION`, `ARTIFACT_ACCESS_KEY`, `ARTIFACT_SECRET_KEY`, `ARTIFACT_FORCE_PATH_STYLE`; with `FROM_` or `TO_` in front
 * they apply to that side only.
 *
 * @throws ObjectStoreError `misconfigured`
 */
export const readLocation = (text: string, side: Side, environment: Environment): Location => {
  const [, mode, rest] = /^(local|s3):(?:\/\/)?(.+)$/.exec(text) ?? []
  if (mode === undefined || rest === undefined) {
    throw new ObjectStoreError('misconfigured', `--${side} is local:<folder> or s3:<bucket>, not "${text}".`)
  }
  if (mode === 'local') return { mode, directory: text.slice('local:'.length) }
  const variable = (name: string) =>
    environment[`${side.toUpperCase()}_ARTIFACT_${name}`] || environment[`ARTIFACT_${name}`] || undefined
  return {
    mode: 's3',
    s3: {
      bucket: rest,
      endpoint: variable('ENDPOINT'),
      region: variable('REGION') ?? 'us-east-1',
      accessKey: variable('ACCESS_KEY'),
      secretKey: variable('SECRET_KEY'),
      forcePathStyle: ['1', 'true', 'yes'].includes(variable('FORCE_PATH_STYLE') ?? ''),
    },
  }
}

/** Opens a store. A folder to copy from must be there; one to copy to is made. */
export const openLocation = async (location: Location, side: Side): Promise<ObjectStore> => {
  if (location.mode === 's3') return openS3Store(location.s3)
  const { directory } = location
  if (side === 'from' && !existsSync(join(directory, 'index.sqlite'))) {
    throw new ObjectStoreError('misconfigured', `There is no store in the folder ${directory}. Correct --from.`)
  }
  if (existsSync(join(directory, 'hybrid.sqlite'))) {
    throw new ObjectStoreError(
      'misconfigured',
      `The folder ${directory} is a hybrid store's: what it has is not all, and S3 would not follow. Name its S3 bucket.`,
    )
  }
  // Nothing is signed here.
  const secret = randomBytes(32).toString('hex')
  return openLocalStore({ directory, publicBaseUrl: 'http://localhost', secret })
}
