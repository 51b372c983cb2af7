/** Files and buckets as the REST API shows them. Pure. */
import type { HoldState } from '@rockpool/access'
import type { BucketRules, Buckets } from '@rockpool/protocol'
import type { StoredFile } from '@rockpool/sync-server'

export interface ObjectJson {
  readonly id: string
  readonly bucket: string
  /** the file's own path, else its id */
  readonly path: string
  /** bytes */
  readonly size: number
  readonly content_type: string
  /** `sub` of the user who added the file; null when it was imported */
  readonly owner_id: string | null
  /** ISO 8601, by the clock of the device that added the file */
  readonly created_at: string
  /** nobody can read the file; left out of all others */
  readonly hold?: 'held' | 'refused'
}

export const objectJson = (
  { id, bucket, path, size, type, ownerId, createdAt }: StoredFile,
  hold: HoldState,
): ObjectJson => ({
  id,
  bucket,
  path: path ?? id,
  size,
  content_type: type,
  owner_id: ownerId,
  created_at: new Date(createdAt).toISOString(),
  ...(hold !== 'released' && { hold }),
})

export interface BucketJson {
  readonly name: string
  /** `authenticated`: everyone who may read the store. `private`: each user reads their own files */
  readonly policy: 'public' | 'authenticated' | 'private'
  /** null: all */
  readonly allowed_mime_types: readonly string[] | null
  /** bytes; null: no limit of the bucket's own */
  readonly max_file_size: number | null
}

const POLICIES = { public: 'public', store: 'authenticated', owner: 'private' } as const satisfies Readonly<
  Record<BucketRules['access'], BucketJson['policy']>
>

export const bucketsJson = (buckets: Buckets): readonly BucketJson[] =>
  Object.entries(buckets).map(([name, rules]) => bucketJson(name, rules))

export const bucketJson = (name: string, { access, types, maxSize }: BucketRules): BucketJson => ({
  name,
  policy: POLICIES[access],
  allowed_mime_types: types ?? null,
  max_file_size: maxSize ?? null,
})

/** undefined: there is no such policy */
export const toAccess = (policy: string): BucketRules['access'] | undefined =>
  ACCESSES.find((access) => POLICIES[access] === policy)

const ACCESSES = Object.keys(POLICIES) as readonly BucketRules['access'][]
