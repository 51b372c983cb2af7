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

export const wantedCors = (origins: readonly string[]): CORSRule => ({
  ID: 'rockpool-cors',
  AllowedOrigins: [...origins],
  AllowedMethods: CORS_METHODS,
  AllowedHeaders: CORS_HEADERS,
  ExposeHeaders: EXPOSED_HEADERS,
  MaxAgeSeconds: 86_400,
})

export interface WantedLifecycle {
  readonly rule: LifecycleRule
  readonly what: string
  /** what is left to do by hand where the vendor has no such rule */
  readonly without: string
}

export const WANTED_LIFECYCLE: readonly WantedLifecycle[] = [
  {
    rule: { ID: 'rockpool-tmp', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: LEFTOVER_DAYS } },
    what: `tmp/ goes after ${LEFTOVER_DAYS} days`,
    without: 'delete by hand what is older under tmp/',
  },
  {
    rule: {
      ID: 'rockpool-incomplete-uploads',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: LEFTOVER_DAYS },
    },
    what: `incomplete uploads go after ${LEFTOVER_DAYS} days`,
    without:
      'abort by hand the multipart uploads that are older (aws s3api list-multipart-uploads): they fill the disk',
  },
  {
    rule: {
      ID: 'rockpool-noncurrent-versions',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      NoncurrentVersionExpiration: { NoncurrentDays: LEFTOVER_DAYS },
    },
    what: `noncurrent versions go after ${LEFTOVER_DAYS} days`,
    without: 'leave versioning off, or deleted files keep their space',
  },
  {
    // Beside noncurrent versions it would be one rule of two kinds, which a vendor may lack as a whole.
    rule: {
      ID: 'rockpool-delete-markers',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      Expiration: { ExpiredObjectDeleteMarker: true },
    },
    what: 'delete markers go when no version is left behind them',
    without: 'leave versioning off, or remove them by hand: every run of gc leaves some',
  },
]

/** The rules with this one among them: others' as they are, one of the same name replaced. Undefined: it is there. */
export const withRule = <Rule extends { readonly ID?: string | undefined }>(
  present: readonly Rule[],
  wanted: Rule,
): Rule[] | undefined =>
  present.some((rule) => rule.ID === wanted.ID && covers(rule, wanted))
    ? undefined
    : [...present.filter(({ ID }) => ID !== wanted.ID), wanted]

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
