/** The services of a signer, from its options. */
import { receiptSigner } from '@rockpool/access'
import { DEFAULT_BUCKETS, type Hashing, WEB_HASHING } from '@rockpool/protocol'
import * as schema from '@rockpool/protocol/schema'
import { createAccess } from './access.ts'
import { createBodyBuffers } from './body-buffers.ts'
import { createDigestLists } from './digest-lists.ts'
import { httpError } from './errors.ts'
import { callHook } from './hooks.ts'
import type { SignerOptions } from './options.ts'
import { createRateLimit, DEFAULT_RATE_LIMIT } from './rate-limit.ts'
import type { SignerServices } from './services.ts'

export const createServices = (options: SignerOptions): SignerServices => {
  const { store, hooks = {}, longestShare = 3_600, confirmUploads = hooks.onEvent !== undefined } = options
  const { now = () => Date.now() } = options
  const rateLimit = options.rateLimit === false ? undefined : createRateLimit(options.rateLimit ?? DEFAULT_RATE_LIMIT)
  const signReceipt = options.receiptSecret === undefined ? undefined : receiptSigner(options.receiptSecret)
  const hashing: Hashing = {
    partSize: options.partSize ?? WEB_HASHING.partSize,
    digest: options.digest ?? WEB_HASHING.digest,
  }
  return {
    store,
    hashing,
    requests: schema.requestSchemas(hashing),
    longestShare,
    cdnBaseUrl: options.cdnBaseUrl?.replace(/\/+$/, ''),
    digestLists: createDigestLists(hashing),
    bufferBody: createBodyBuffers(),
    confirmUploads: signReceipt !== undefined || (confirmUploads && store.mode === 's3'),
    now,
    receiptOf: async (key, size) => (signReceipt ? { receipt: await signReceipt(key, { size, at: now() }) } : {}),
    emit: (event) => callHook(hooks.onEvent, event),
    requireRoom: async ({ claims: { sub } }, { key, storeId }, size) => {
      const exceeded = await options.checkQuota?.({ storeId, sub, remoteKey: key, size })
      if (exceeded) throw httpError('quota_exceeded', exceeded.message, { usage: exceeded.usage })
    },
    access: createAccess({
      authenticate: options.authenticate,
      authorize: options.authorize,
      buckets: options.buckets ?? DEFAULT_BUCKETS,
      holdOf: options.holdOf,
      serviceRole: options.serviceRole ?? false,
      rateLimit,
      decided: (decision) => {
        callHook(hooks.onDecision, decision)
        if (!decision.allowed) callHook(hooks.onEvent, { type: 'access.denied', ...decision })
      },
    }),
  }
}
