import { fetchSigner } from '@rockpool/core/signer'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '@rockpool/core/testing'
import { startOnChecksums, startOnS3 } from './testing/s3.ts'
import { token } from './testing/harness.ts'

for (const [name, start] of [
  ['S3', startOnS3],
  ['S3 with checksums', startOnChecksums],
] as const) {
  signerSuite(`fetchSigner with this signer, ${name}`, async () => {
    const server = await start({ buckets: SIGNER_SUITE_BUCKETS })
    return {
      signer: fetchSigner({ url: server.url, token: () => token({ reef: ['read', 'write', 'delete'] }) }),
      storeId: 'reef',
      fetch,
      disconnect: server.stop,
      [Symbol.asyncDispose]: server.stop,
    }
  })
}
