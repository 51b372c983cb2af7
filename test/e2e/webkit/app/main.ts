/** The engine without LiveStore, which needs sync access handles: its records are in memory, and gone with the page. */
import { createPool, fetchSigner, openSession, type Pool } from '@rockpool/core'
import { memoryRecordLog } from '@rockpool/core/memory'
import { indexedDbIndex, opfsBlobStore } from '@rockpool/opfs'

const signIn = async (storeId: string, token: string) => {
  const index = await indexedDbIndex({ storeId })
  const signerUrl = new URL('/signer', location.href).href
  const session = await openSession({ storeId, index, signerUrl, token: async () => token })
  await navigator.serviceWorker.register('/service-worker.js')
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    )
  }
  return { index, session, signerUrl }
}

const openPool = async (storeId: string, token: string): Promise<Pool> => {
  const { index, session, signerUrl } = await signIn(storeId, token)
  return createPool({
    log: memoryRecordLog({ storeId: storeId as never }),
    blobs: await opfsBlobStore({ storeId }),
    index,
    signer: fetchSigner({ url: signerUrl, token: session.token }),
    claims: session.claims,
    base: '/',
  })
}

export interface WebKitApp {
  /** Signs in, and installs the worker. */
  signIn(storeId: string, token: string): Promise<void>
  openPool(storeId: string, token: string): Promise<void>
  readonly pool?: Pool
}

Object.assign(window, {
  app: {
    signIn: async (storeId, token) => void (await signIn(storeId, token)),
    openPool: async (storeId, token) => void Object.assign(window.app, { pool: await openPool(storeId, token) }),
  } satisfies WebKitApp,
})

declare global {
  interface Window {
    app: WebKitApp
  }
}
