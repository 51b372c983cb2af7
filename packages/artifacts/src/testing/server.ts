/** A signer over an object store of its own, and tokens for it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedSecretTokens } from '@rockpool/access'
import type { ObjectStore } from '@rockpool/object-store'
import { openLocalStore } from '@rockpool/object-store/local'
import type { Right } from '@rockpool/protocol'
import { createSigner } from '@rockpool/signer'
import { serve } from '@rockpool/signer/node'
import { SignJWT } from 'jose'
import { createArtifacts } from '../artifacts.ts'
import type { Setup } from './artifacts-suite.ts'

const SECRET = 'token secret of at least thirty-two bytes'
const URL_SECRET = 'url secret of at least thirty-two characters'

/** The URL is the signer's. */
export interface TestServer {
  readonly url: string
  readonly store: ObjectStore
  readonly close: () => Promise<void>
}

export const requestToken = (requests: Readonly<Record<string, readonly Right[]>>): Promise<string> =>
  new SignJWT({ stores: {}, requests })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('render-farm')
    .setExpirationTime('10 min')
    .sign(new TextEncoder().encode(SECRET))

export const serveStore = async (store: ObjectStore): Promise<TestServer> => {
  const signer = createSigner({
    store,
    authenticate: sharedSecretTokens({ secrets: [SECRET] }),
    urlSecret: URL_SECRET,
    rateLimit: false,
  })
  const server = await serve(signer, { port: 0 })
  return {
    url: `http://127.0.0.1:${server.port}`,
    store,
    close: async () => {
      await server.stop(1_000)
      await store.close()
    },
  }
}

export const serveLocalStore = async (): Promise<TestServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-artifacts-'))
  const server = await serveStore(await openLocalStore({ directory, publicBaseUrl: '', secret: URL_SECRET }))
  return {
    ...server,
    close: async () => {
      await server.close()
      await rm(directory, { recursive: true })
    },
  }
}

export const setupOf = (server: TestServer): Setup => ({
  bucket: 'fave-artifacts',
  hasOwnCredentials: false,
  newRequest: async () => {
    const requestId = crypto.randomUUID()
    const token = await requestToken({ [requestId]: ['read', 'write', 'delete'] })
    return { requestId, artifacts: createArtifacts({ server: { url: server.url, token } }) }
  },
  close: server.close,
})
