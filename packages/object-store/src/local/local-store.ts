/** A folder as object store. */
import { ObjectStoreError } from '../errors.ts'
import type { ObjectStore } from '../object-store.ts'

export interface LocalStoreOptions {
  /** the folder; made when it is missing, and locked against other processes */
  readonly directory: string
  /** where the signer can be reached from outside: signed URLs are `<publicBaseUrl>/objects/<key>` */
  readonly publicBaseUrl: string
  /** the HMAC key of signed URLs, at least 32 random characters; give `verifyLocalUrl` the same */
  readonly secret: string
}

/** Opens a folder as object store. @throws ObjectStoreError `locked`, `misconfigured`, `unavailable` */
export const openLocalStore = async (options: LocalStoreOptions): Promise<ObjectStore> => {
  throw new ObjectStoreError('unavailable', `Not there yet: ${options.directory}`)
}
