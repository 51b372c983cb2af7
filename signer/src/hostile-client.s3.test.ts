import { describe } from 'vitest'
import { hostileClient } from './testing/hostile-client.ts'
import { startOnS3 } from './testing/s3.ts'

describe('a hostile client, S3', () => {
  hostileClient(startOnS3)
})
