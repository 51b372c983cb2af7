import { fetchSigner } from '@rockpool/core/signer'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '@rockpool/core/testing'
import { startOnS3 } from './testing/s3.ts'
import { token } from './testing/harness.ts'

signerSuite('fetchSigner with this signer, S3', async () => {
  const server = await startOnS3({ buckets: SIGNER_SUITE_BUCKETS })
  return {
    signer: fetchSigner({ url: server.url, token: () => token({ reef: ['read', 'write', 'delete'] }) }),
    storeId: 'reef',
    fetch,
    disconnect: server.stop,
    [Symbol.asyncDispose]: server.stop,
  }
})
