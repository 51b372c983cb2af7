/** Which options a signer refuses: it fails closed. */
import { decodeBuckets } from '@rockpool/access'
import { RockpoolError, WEB_HASHING } from '@rockpool/protocol'
import type { SignerOptions } from './options.ts'

/** @throws RockpoolError `bad_request` when the options are unsafe or invalid */
export const checkOptions = (options: SignerOptions): void => {
  const { store, authenticate, buckets, urlSecret, cors, cdnBaseUrl, publicBaseUrl, longestShare = 1 } = options
  const { partSize = WEB_HASHING.partSize } = options
  const fail = (message: string) => new RockpoolError('bad_request', message)
  if (typeof authenticate !== 'function')
    throw fail('The signer needs a verifier for tokens: without one it does not start.')
  if (store.mode !== 's3' && (urlSecret === undefined || urlSecret.length < 32)) {
    throw fail(
      'The signer of a local or hybrid store needs the urlSecret that the store was opened with (32 characters or more).',
    )
  }
  if (buckets !== undefined && typeof buckets !== 'function') {
    const rules = Object.values(decodeBuckets(buckets, (problem) => fail(`buckets: ${problem}.`)))
    if (options.holdOf === undefined && rules.some(({ hold }) => hold !== undefined)) {
      throw fail('This signer cannot hold files: run rockpool-server, or remove "hold" from the buckets.')
    }
    if (cdnBaseUrl !== undefined && rules.some(({ access, hold }) => access === 'public' && hold !== undefined)) {
      throw fail('A CDN serves public buckets without asking: remove "hold" from these, or the CDN base URL.')
    }
  }
  if (!(longestShare >= 1 && longestShare <= 604_800))
    throw fail('longestShare is 1 to 604800 seconds, the limit of S3.')
  if (!Number.isSafeInteger(partSize) || partSize < 1) throw fail('partSize is a whole number of bytes, 1 or more.')
  const origins = cors?.origins ?? []
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw fail(`"${origin}" is not an exact origin. Write it like "https://app.example.com".`)
    }
  }
  if (cdnBaseUrl !== undefined) {
    if (!URL.canParse(cdnBaseUrl)) throw fail('The CDN base URL is not a URL.')
    // Public files could run in it: a page of the app must never be one of them.
    const own = publicBaseUrl !== undefined && URL.canParse(publicBaseUrl) ? [new URL(publicBaseUrl).origin] : []
    if ([...origins, ...own].includes(new URL(cdnBaseUrl).origin))
      throw fail("The CDN base URL must not be on the app's own origin.")
  }
}
