import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { environmentOfBucket } from '@rockpool/object-store/testing'
import { expect, test } from 'vitest'
import { createTrusted, emptyBucket } from './testing/trusted.ts'

const GIB = 1024 ** 3

test(
  '20 requests at once, one with an input of 2 GiB, take less than 1 GiB of memory',
  { timeout: 900_000 },
  async () => {
    const { bucket } = await createTrusted()
    try {
      const script = join(import.meta.dirname, 'testing/many-requests.ts')
      const env = { PATH: process.env.PATH, ...environmentOfBucket(bucket) }
      const args = ['--conditions=@rockpool/source', script, String(2 * GIB)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { env })
      expect(Number(stdout)).toBeGreaterThan(0)
      expect(Number(stdout)).toBeLessThan(GIB)
    } finally {
      await emptyBucket(bucket)
    }
  },
)
