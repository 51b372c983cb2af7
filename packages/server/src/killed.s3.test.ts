import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { killedCase } from './testing/killed-case.ts'

for (const mode of ['s3', 'hybrid'] as const) {
  killedCase(mode, async () => environmentOfBucket(await createdBucket(`killed-${mode}`)))
}
