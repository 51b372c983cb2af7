/** Identity of an S3 bucket, independent of name and endpoint: an object that is written once. A copy of the bucket has it, too. */
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { isObjectStoreError } from '../errors.ts'
import { BUCKET_ID_KEY } from '../object-key.ts'
import type { S3Connection } from './connection.ts'

/** The identity of the S3 bucket; created when it is missing. @throws ObjectStoreError */
export const bucketId = async ({ send, Bucket }: S3Connection, signal?: AbortSignal): Promise<string> => {
  const present = await read(send, Bucket, signal)
  if (present !== undefined) return present
  const id = crypto.randomUUID()
  try {
    const Body = new TextEncoder().encode(id)
    await send(
      new PutObjectCommand({ Bucket, Key: BUCKET_ID_KEY, Body, ContentType: 'text/plain', IfNoneMatch: '*' }),
      signal,
    )
  } catch (error) {
    // Another server was first.
    if (!isObjectStoreError(error, 'precondition_failed', 'conflict')) throw error
  }
  return (await read(send, Bucket, signal)) ?? id
}

const read = async (send: S3Connection['send'], Bucket: string, signal?: AbortSignal): Promise<string | undefined> => {
  try {
    const { Body } = await send(new GetObjectCommand({ Bucket, Key: BUCKET_ID_KEY }), signal)
    return await Body?.transformToString()
  } catch (error) {
    if (isObjectStoreError(error, 'not_found')) return undefined
    throw error
  }
}
