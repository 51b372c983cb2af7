/**
 * What the signer is measured against, in one process: the signer on a local store, a Hono route that verifies the same
 * token and answers a constant (`/constant`), and a bare file server on the same disk (`/bare/<name>`).
 *
 *     node --conditions=@rockpool/source signer-server.ts <folder>
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openLocalStore } from '@rockpool/object-store/local'
import { createSigner, sharedSecretTokens } from '@rockpool/signer'
import { nodeListener } from '@rockpool/signer/node'
import { bareListener } from './bare-server.ts'

const folder = process.argv[2]!
const secret = 'a secret of the benchmark, thirty-two bytes'
const authenticate = sharedSecretTokens({ secrets: [secret] })
const store = await openLocalStore({ directory: join(folder, 'store'), publicBaseUrl: '', secret })
const signer = createSigner({ store, authenticate, urlSecret: secret, rateLimit: false })

const bare = await bareListener(join(folder, 'bare'), secret)
const signed = nodeListener(signer)
const server = createServer((request, response) => {
  const isBare = request.url === '/constant' || request.url!.startsWith('/bare/')
  void (isBare ? bare : signed)(request, response)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.once('SIGTERM', () => process.exit(0))
