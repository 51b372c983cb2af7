/** Decodes S3's responses into the port's types. */
import type { GetObjectCommandOutput, HeadObjectCommandOutput, _Object } from '@aws-sdk/client-s3'
import { type ByteSpan, fromBase64, OCTET_STREAM, parseAddress, toHex } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import type { ListedObject, ObjectInfo } from '../object-store.ts'

export const toObjectInfo = (key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectInfo => {
  const address = answer.ChecksumSHA256 === undefined ? undefined : toAddress(answer.ChecksumSHA256)
  return {
    key,
    size: answer.ContentLength ?? 0,
    type: answer.ContentType ?? OCTET_STREAM,
    etag: answer.ETag ?? '',
    modifiedAt: answer.LastModified?.getTime() ?? 0,
    ...(address === undefined ? {} : { address }),
    ...(answer.VersionId === undefined || answer.VersionId === 'null' ? {} : { versionId: answer.VersionId }),
    durable: true,
  }
}

/** S3's checksum is the content address in base64, with the same suffix `-N` when it is composite. */
const toAddress = (checksum: string) => {
  const [base64, parts] = checksum.split('-')
  const digest = fromBase64(base64!)
  return digest && parseAddress(toHex(digest) + (parts === undefined ? '' : `-${parts}`))
}

export const toListed = (object: _Object): ListedObject => ({
  key: object.Key!,
  size: object.Size ?? 0,
  modifiedAt: object.LastModified?.getTime() ?? 0,
  etag: object.ETag ?? '',
})

/** The byte range of a response, and the size of the whole object. */
export const toSpan = (answer: GetObjectCommandOutput): ByteSpan & { readonly size: number } => {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.ContentRange ?? '')
  const length = answer.ContentLength ?? 0
  if (!match) return { start: 0, end: length, size: length }
  return { start: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) }
}

/** The body; it errors when the connection ends before the last byte. */
export const readBody = (
  answer: GetObjectCommandOutput,
  { start, end }: ByteSpan,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const source = answer.Body!.transformToWebStream() as ReadableStream<Uint8Array<ArrayBuffer>>
  const reader = source.getReader()
  let left = end - start
  const brokeOff = (cause?: unknown) =>
    new ObjectStoreError('unavailable', 'S3 closed the connection before the last byte. Try again.', { cause })
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw brokeOff(error)
        })
        if (done) {
          if (left > 0) throw brokeOff()
          return controller.close()
        }
        left -= value.length
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
