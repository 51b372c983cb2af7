/** `POST /storage/v1/bucket` */
import { decodeBuckets } from '@rockpool/access'
import { type BucketRules, RockpoolError } from '@rockpool/protocol'
import { type Caller, requireUser } from './caller.ts'
import { type BucketJson, toAccess } from './object-json.ts'
import { readJson } from './read-json.ts'
import type { RestServices } from './services.ts'

export interface NamedBucket {
  readonly name: string
  readonly rules: BucketRules
}

/**
 * @returns `created`: false when the same bucket was there already
 * @throws RockpoolError `unauthenticated`, `forbidden`, `bad_request`, `conflict`
 */
export const createBucket = async (
  { storeBuckets, now }: RestServices,
  caller: Caller,
  request: Request,
): Promise<NamedBucket & { readonly created: boolean }> => {
  const { claims } = requireUser(caller, 'admin')
  const bucket = toBucket(await readJson(request, isBucketJson, EXAMPLE))
  const created = await storeBuckets.create(caller.storeId, bucket.name, bucket.rules, claims.sub, now())
  return { ...bucket, created }
}

const EXAMPLE = '{ "name": "photos", "policy": "private", "allowed_mime_types": ["image/*"], "max_file_size": 1000000 }'

type GivenBucket = Pick<BucketJson, 'name'> & Partial<BucketJson>

const KEYS: ReadonlySet<string> = new Set<keyof BucketJson>(['name', 'policy', 'allowed_mime_types', 'max_file_size'])

const isBucketJson = (
  body: Readonly<Record<string, unknown>>,
): body is GivenBucket & Readonly<Record<string, unknown>> =>
  typeof body.name === 'string' && Object.keys(body).every((key) => KEYS.has(key))

/** Paths of objects in a bucket with such a name are those of other calls. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['sign', 'release'])

/** `null` is no limit, as in the responses. Pure. @throws RockpoolError `bad_request` */
export const toBucket = ({ name, policy = 'private', ...limits }: GivenBucket): NamedBucket => {
  const { allowed_mime_types: types, max_file_size: maxSize } = limits
  if (RESERVED_NAMES.has(name)) throw bad(`A bucket cannot be called "${name}". Choose another name.`)
  const access = toAccess(policy)
  if (access === undefined) throw bad('"policy" has to be public, authenticated or private.')
  const rules = { access, ...((types ?? null) !== null && { types }), ...((maxSize ?? null) !== null && { maxSize }) }
  const buckets = decodeBuckets({ [name]: rules }, (problem) => bad(`This is no bucket: ${problem}.`))
  return { name, rules: buckets[name]! }
}

const bad = (message: string) => new RockpoolError('bad_request', message)
