/** The S3 side of a hybrid store that is killed: named by a word, as another process needs it. */
import { SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../testing/test-bucket.ts'

/** @param remote `s3:<bucket>` on the S3 server of the tests, or a folder that stands in for S3 */
export const openRemote = (remote: string): Promise<ObjectStore> =>
  remote.startsWith('s3:')
    ? openS3Store({ ...testBucket('killed'), bucket: remote.slice('s3:'.length) })
    : openLocalStore({ directory: remote, ...SETUP })
