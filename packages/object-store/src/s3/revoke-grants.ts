/**
 * Ceph obeys unsigned `x-amz-grant-` headers: an uploader can take the read right of an object from the owner of the S3
 * bucket. The owner may still set the object's ACL (measured on Ceph 16; a copy is refused, since it has to read).
 */
import { PutObjectAclCommand } from '@aws-sdk/client-s3'
import { isObjectStoreError } from '../errors.ts'
import type { S3Connection } from './connection.ts'

/**
 * Reads an object. When S3 denies that, makes the object private again, and reads once more.
 *
 * @throws ObjectStoreError what `read` throws; `denied` when the ACL is not what denies it
 */
export const revokingGrants = async <A>(
  { send, Bucket }: S3Connection,
  Key: string,
  read: () => Promise<A>,
  signal?: AbortSignal,
): Promise<A> => {
  try {
    return await read()
  } catch (error) {
    if (!isObjectStoreError(error, 'denied')) throw error
    try {
      await send(new PutObjectAclCommand({ Bucket, Key, ACL: 'private' }), signal)
    } catch {
      // Credentials without the right, or no such object: S3 denies the reading itself.
      throw error
    }
    return read()
  }
}
