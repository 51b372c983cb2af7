import { describe } from 'vitest'
import { hostileClient } from './testing/hostile-client.ts'
import { startOnChecksums, startOnHybrid, startOnS3 } from './testing/s3.ts'

describe('a hostile client, S3', () => {
  hostileClient(startOnS3)
})

describe('a hostile client, S3 with checksums', () => {
  hostileClient(startOnChecksums)
})

describe('a hostile client, hybrid store', () => {
  hostileClient(startOnHybrid)
})
