import { describe } from 'vitest'
import { hostileClient } from './testing/hostile-client.ts'
import { startOnHybrid, startOnS3 } from './testing/s3.ts'

describe('a hostile client, S3', () => {
  hostileClient(startOnS3)
})

describe('a hostile client, hybrid store', () => {
  hostileClient(startOnHybrid)
})
