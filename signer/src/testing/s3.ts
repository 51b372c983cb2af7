/** For tests: signers on the real S3 that `npm test` runs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openHybridStore } from '@rockpool/object-store/hybrid'
import { openS3Store } from '@rockpool/object-store/s3'
import { createdBucket, serveChecksums } from '@rockpool/object-store/testing'
import { expect } from 'vitest'
import type { SignerOptions } from '../options.ts'
import { startOn, type TestSigner, URL_SECRET } from './harness.ts'

/** A signer on an S3 bucket of its own. */
export const startOnS3 = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const store = await openS3Store(await createdBucket('signer'))
  return endingOnce(await startOn(store, options), () => store.close())
}

/** As `startOnS3`, where S3 has checksums as AWS does: the store is in mode `checksum` then. */
export const startOnChecksums = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const s3 = await createdBucket('signer')
  const proxy = await serveChecksums(s3.endpoint)
  const store = await openS3Store({ ...s3, endpoint: proxy.url })
  expect(store.integrity).toBe('checksum')
  return endingOnce(await startOn(store, options), async () => {
    await store.close()
    await proxy.close()
  })
}

/** A signer on a folder of its own, which an S3 bucket of its own follows. */
export const startOnHybrid = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const s3 = await createdBucket('signer')
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-signer-'))
  const folder = { directory, publicBaseUrl: '', secret: URL_SECRET }
  const store = await openHybridStore({ ...folder, connect: (signal) => openS3Store(s3, signal) })
  return endingOnce(await startOn(store, options), async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })
}

const endingOnce = (started: TestSigner, after: () => Promise<void>): TestSigner => {
  let stopped: Promise<void> | undefined
  return { ...started, stop: () => (stopped ??= started.stop().then(after)) }
}
