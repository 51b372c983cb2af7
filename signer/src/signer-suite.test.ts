import { fetchSigner } from '@rockpool/core/signer'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '@rockpool/core/testing'
import { startSigner, token } from './testing/harness.ts'

signerSuite('fetchSigner with this signer, local store', async () => {
  const server = await startSigner({ buckets: SIGNER_SUITE_BUCKETS })
  return {
    signer: fetchSigner({ url: server.url, token: () => token({ reef: ['read', 'write', 'delete'] }) }),
    storeId: 'reef',
    fetch,
    disconnect: server.stop,
    [Symbol.asyncDispose]: server.stop,
  }
})
