/**
 * A DELETE that S3 refuses when it arrives too late. S3 accepts a signed request for 15 minutes, so one that is still on its way
 * when its sender dies may delete what another machine has stored in the meantime. The lifetime of a presigned URL is ours to
 * choose, in seconds, and counts from a date that is S3's own: the clock of this machine does not matter.
 */
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import { tooLate } from '../check-arguments.ts'
import { ObjectStoreError } from '../errors.ts'
import { throwIfAborted } from '../exact-body.ts'
import type { S3Connection } from './connection.ts'
import { asStoreError } from './s3-errors.ts'

const MAX_ATTEMPTS = 3

/**
 * @param before `performance.now()`
 * @throws ObjectStoreError `unavailable` when it is too late; the object may be there or not
 */
export const deleteBefore = async (
  { Bucket, send, presign, clock }: Pick<S3Connection, 'Bucket' | 'send' | 'presign' | 'clock'>,
  key: string,
  before: number,
  signal: AbortSignal | undefined,
): Promise<void> => {
  if (clock.earliest(before) === undefined) await send(new HeadBucketCommand({ Bucket }), signal)
  for (let attempt = 1; ; attempt++) {
    const [now, end] = [clock.earliest(performance.now()), clock.earliest(before)]
    if (now === undefined || end === undefined) throw noDate()
    // A signature leaves the milliseconds out.
    const expiresIn = Math.floor((end - now) / 1_000)
    if (expiresIn < 1) throw tooLate()
    const { url } = await presign.remove(key, { signedAt: new Date(now), expiresIn })
    try {
      return await sendDelete(url, before, signal)
    } catch (error) {
      throwIfAborted(signal)
      if (attempt === MAX_ATTEMPTS) throw asStoreError(error)
    }
  }
}

const sendDelete = async (url: string, before: number, signal: AbortSignal | undefined): Promise<void> => {
  const late = AbortSignal.timeout(Math.max(1, Math.ceil(before - performance.now())))
  const response = await fetch(url, { method: 'DELETE', signal: signal ? AbortSignal.any([signal, late]) : late })
  const text = await response.text()
  if (response.ok || response.status === 404) return
  throw Object.assign(new Error(text), {
    name: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? 'unknown',
    $metadata: { httpStatusCode: response.status },
  })
}

const noDate = () =>
  new ObjectStoreError('misconfigured', 'S3 sends no Date header, so no delete can have a deadline. Check its proxy.')
