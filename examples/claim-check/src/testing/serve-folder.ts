/** A signer over a folder, and a token for one request. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedSecretTokens } from '@rockpool/access'
import { openLocalStore } from '@rockpool/object-store/local'
import { createSigner } from '@rockpool/signer'
import { serve } from '@rockpool/signer/node'
import { SignJWT } from 'jose'

const SECRET = 'a secret of tests with at least thirty-two bytes'

export const serveFolder = async (requestId: string) => {
  const directory = await mkdtemp(join(tmpdir(), 'claim-check-folder-'))
  const store = await openLocalStore({ directory, publicBaseUrl: '', secret: SECRET })
  const authenticate = sharedSecretTokens({ secrets: [SECRET] })
  const server = await serve(createSigner({ store, authenticate, urlSecret: SECRET }), { port: 0 })
  return {
    url: `http://127.0.0.1:${server.port}`,
    token: await new SignJWT({ stores: {}, requests: { [requestId]: ['read', 'write'] } })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('pipeline')
      .setExpirationTime('10 min')
      .sign(new TextEncoder().encode(SECRET)),
    close: async () => {
      await server.stop(1_000)
      await store.close()
      await rm(directory, { recursive: true })
    },
  }
}
