/** `GET /storage/v1/objects`: its query string as a query of files. Pure. */
import { type Buckets, RockpoolError } from '@rockpool/protocol'
import type { FileQuery } from '@rockpool/sync-server'
import { requireBucket } from './caller.ts'

const PARAMETERS: ReadonlySet<string> = new Set(['bucket', 'owner', 'max_size', 'prefix', 'order', 'limit', 'cursor'])

const ORDERS: Readonly<Record<string, NonNullable<FileQuery['sort']>>> = {
  'created_at.asc': { by: 'createdAt', direction: 'ascending' },
  'created_at.desc': { by: 'createdAt', direction: 'descending' },
  'size.asc': { by: 'size', direction: 'ascending' },
  'size.desc': { by: 'size', direction: 'descending' },
}

/**
 * @param sub of the caller, who may read the store
 * @throws RockpoolError `bad_request`, `not_found` for an unknown bucket
 */
export const toFileQuery = (parameters: URLSearchParams, sub: string, buckets: Buckets): FileQuery => {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw bad(`There is no parameter "${name}". Use ${[...PARAMETERS].join(', ')}.`)
  }
  const text = (name: string) => parameters.get(name) || undefined
  const [bucket, owner, prefix, order, cursor] = ['bucket', 'owner', 'prefix', 'order', 'cursor'].map(text)
  const [maxSize, limit] = ['max_size', 'limit'].map((name) => integer(name, text(name)))
  if (bucket !== undefined) requireBucket(buckets, bucket)
  if (owner !== undefined && owner !== 'me') throw bad('"owner" can only be "me".')
  const sort = order !== undefined && Object.hasOwn(ORDERS, order) ? ORDERS[order] : undefined
  if (order !== undefined && !sort) throw bad(`"order" has to be one of ${Object.keys(ORDERS).join(', ')}.`)
  const names = Object.keys(buckets).filter((name) => bucket === undefined || name === bucket)
  return {
    readableBy: {
      ownerId: sub,
      buckets: names.filter((name) => buckets[name]!.access !== 'owner'),
      ownBuckets: names.filter((name) => buckets[name]!.access === 'owner'),
    },
    ...(bucket !== undefined && { bucket }),
    ...(owner !== undefined && { ownerId: sub }),
    ...(maxSize !== undefined && { size: { max: maxSize } }),
    ...(prefix !== undefined && { pathPrefix: prefix.normalize('NFC') }),
    ...(sort && { sort }),
    ...(limit !== undefined && { limit }),
    ...(cursor !== undefined && { cursor }),
  }
}

const integer = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw bad(`"${name}" has to be an integer from 0.`)
}

const bad = (message: string) => new RockpoolError('bad_request', message)
