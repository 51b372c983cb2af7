/** What the tests of uploads, downloads, rights and the gateway say of a signer on the local store holds on the others, too. */
import { afterAll, describe } from 'vitest'
import { accessSuite } from './testing/access-suite.ts'
import { downloadsSuite } from './testing/downloads-suite.ts'
import { gatewaySuite } from './testing/gateway-suite.ts'
import type { TestSigner } from './testing/harness.ts'
import { startOnHybrid, startOnS3 } from './testing/s3.ts'
import { receiptsSuite } from './testing/receipts-suite.ts'
import { uploadsSuite } from './testing/uploads-suite.ts'

describe.each([
  ['S3', startOnS3],
  ['hybrid', startOnHybrid],
] as const)('on %s', (_, startOn) => {
  // One for all: an S3 bucket of its own takes each signer seconds.
  let signer: Promise<TestSigner> | undefined
  const start = async () => ({ ...(await (signer ??= startOn())), stop: async () => {} })
  afterAll(async () => (await signer)?.stop())

  describe('uploads', () => uploadsSuite(start))
  describe('downloads', () => downloadsSuite(start))
  describe('receipts', () => receiptsSuite(start))
  describe('who may', () => accessSuite(start))
  describe('the gateway contract of livestore-filesync', () => gatewaySuite(start))
})
