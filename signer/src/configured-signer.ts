/** The signer that a configuration describes, on its opened store. */
import { tokensOf } from '@rockpool/access'
import { createSigner, type Signer } from './app.ts'
import type { SignerOptions } from './options.ts'
import type { SignerConfig } from './config.ts'
import type { SignerHooks } from './hooks.ts'

/** `buckets`: those of the configuration unless set */
export type ConfiguredSignerOptions = Pick<SignerOptions, 'store' | 'urlSecret' | 'buckets' | 'holdOf' | 'checkQuota'>

/** @throws RockpoolError `bad_request` when parts of it don't fit together */
export const configuredSigner = (
  config: SignerConfig,
  { store, urlSecret, buckets = config.buckets, holdOf, checkQuota }: ConfiguredSignerOptions,
  hooks: SignerHooks,
): Signer => {
  const { origins, publicBaseUrl, cdnBaseUrl, serviceRole, longestShare, gateway, rateLimit } = config
  const { confirmUploads, receiptSecret } = config
  return createSigner({
    store,
    authenticate: tokensOf(config.tokens),
    buckets,
    serviceRole,
    longestShare,
    gateway,
    confirmUploads,
    rateLimit: rateLimit > 0 && { perSecond: rateLimit, burst: 10 * rateLimit },
    ...(publicBaseUrl !== '' && { publicBaseUrl }),
    cors: { origins },
    hooks,
    ...(holdOf && { holdOf }),
    ...(checkQuota && { checkQuota }),
    ...(urlSecret !== undefined && { urlSecret }),
    ...(cdnBaseUrl !== undefined && { cdnBaseUrl }),
    ...(receiptSecret !== undefined && { receiptSecret }),
  })
}
