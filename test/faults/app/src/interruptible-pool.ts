/** `openPool` of `rockpool`, on ports that stop the page at any of their awaits. */
import { createPool, fetchSigner, openSession, type Pool, webPlatform } from '@rockpool/core'
import { browserSend } from '@rockpool/core/transfers'
import { liveStoreLog } from '@rockpool/livestore'
import { indexedDbIndex, opfsBlobStore } from '@rockpool/opfs'
import type { OpenPoolOptions } from 'rockpool'
import { type Interrupts, makeInterrupts } from './interrupts.ts'

export interface InterruptiblePage {
  readonly interrupts: Interrupts
}

export const openInterruptiblePool = async ({ store, signer }: OpenPoolOptions): Promise<Pool> => {
  const { storeId } = store
  const interrupts = makeInterrupts()
  Object.assign(window, { interrupts })
  await navigator.serviceWorker.register('/service-worker.js')
  const index = interrupts.wrap('index', await indexedDbIndex({ storeId }))
  const signerUrl = new URL(signer.url, location.href).href
  const session = await openSession({ storeId, index, signerUrl, token: signer.token })
  const network = interrupts.wrap('network', {
    fetch: (...args: Parameters<typeof fetch>) => fetch(...args),
    send: browserSend,
  })
  return createPool({
    log: interrupts.wrap('log', liveStoreLog({ store })),
    blobs: interrupts.wrap('blobs', await opfsBlobStore({ storeId })),
    index,
    signer: interrupts.wrap('signer', fetchSigner({ url: signerUrl, token: session.token })),
    claims: session.claims,
    fetch: network.fetch,
    send: network.send,
    platform: {
      ...webPlatform,
      get page() {
        return webPlatform.page
      },
      hashing: interrupts.wrap('hashing', webPlatform.hashing),
    },
  })
}
