/** What an S3 bucket has to be set to, beside what it has already. Pure: rules in, rules out. */
import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3'

/** Request headers of uploads and downloads (signer HTTP contract, "CORS"). */
export const CORS_HEADERS = [
  'content-type',
  'if-none-match',
  'if-match',
  'range',
  'x-amz-content-sha256',
  'x-amz-checksum-sha256',
]
export const CORS_METHODS = ['GET', 'HEAD', 'PUT']
export const EXPOSED_HEADERS = ['ETag', 'Content-Range', 'Content-Length', 'Accept-Ranges']

/** Days after which leftovers go: `tmp/`, incomplete multipart uploads, noncurrent versions. */
export const LEFTOVER_DAYS = 7

/** Rules of ours carry names that start so; all others belong to somebody else, and stay. */
const OURS = 'rockpool-'

export const wantedCors = (origins: readonly string[]): CORSRule[] =>
  origins.length === 0
    ? []
    : [
        {
          ID: `${OURS}cors`,
          AllowedOrigins: [...origins],
          AllowedMethods: CORS_METHODS,
          AllowedHeaders: CORS_HEADERS,
          ExposeHeaders: EXPOSED_HEADERS,
          MaxAgeSeconds: 86_400,
        },
      ]

export const wantedLifecycle = (): LifecycleRule[] => [
  { ID: `${OURS}tmp`, Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: LEFTOVER_DAYS } },
  {
    ID: `${OURS}incomplete-uploads`,
    Status: 'Enabled',
    Filter: { Prefix: '' },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: LEFTOVER_DAYS },
  },
  {
    ID: `${OURS}noncurrent-versions`,
    Status: 'Enabled',
    Filter: { Prefix: '' },
    NoncurrentVersionExpiration: { NoncurrentDays: LEFTOVER_DAYS },
  },
]

/** The rules that the bucket should have: the others' as they are, ours as wanted. Undefined: it has them. */
export const merged = <Rule extends { readonly ID?: string | undefined }>(
  present: readonly Rule[],
  wanted: readonly Rule[],
): Rule[] | undefined => {
  const ours = present.filter(({ ID }) => ID?.startsWith(OURS))
  const same =
    ours.length === wanted.length &&
    wanted.every((rule) => ours.some((other) => other.ID === rule.ID && covers(other, rule)))
  return same ? undefined : [...present.filter(({ ID }) => !ID?.startsWith(OURS)), ...wanted]
}

/** Whether `actual` says all that `wanted` says. Vendors add fields, reorder lists, and write a filter's prefix elsewhere. */
const covers = (actual: unknown, wanted: unknown): boolean => {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(actual) || actual.length !== wanted.length) return false
    const lower = (list: unknown[]) => list.map((item) => String(item).toLowerCase()).sort()
    return lower(actual).join('\n') === lower(wanted).join('\n')
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted
  return Object.entries(wanted).every(([name, value]) => {
    if (name === 'Filter') return prefixOf(actual) === prefixOf(wanted)
    return covers((actual as Record<string, unknown> | undefined)?.[name], value)
  })
}

const prefixOf = (rule: unknown): string => {
  const { Filter, Prefix } = rule as { readonly Filter?: { readonly Prefix?: string }; readonly Prefix?: string }
  return Filter?.Prefix ?? Prefix ?? ''
}
