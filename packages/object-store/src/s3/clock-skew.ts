/** Clock skew against S3: the SDK learns it from each response, but not when this machine's clock is set later. */
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import type { S3Connection } from './connection.ts'

/** Below the skew that vendors accept: 5 minutes at the strictest (the SDK corrects from 4). */
const STEP_MS = 60_000

/**
 * @returns to be awaited before signing. After a change of the clock, or a sleep of the machine, it sends a request to S3,
 *   from which the SDK learns the new skew. Presigning sends none: it would sign with the old skew.
 */
export const clockSkewCorrection = (send: S3Connection['send'], Bucket: string): (() => Promise<void> | undefined) => {
  let known = startOfProcess()
  let asking: Promise<void> | undefined
  return () => {
    const now = startOfProcess()
    if (Math.abs(now - known) > STEP_MS) {
      known = now
      // An error response has a Date header, too. Without any response a signature would be useless.
      const asked = send(new HeadBucketCommand({ Bucket })).then(done, done)
      asking = asked
      void asked.then(() => {
        if (asking === asked) asking = undefined
      })
    }
    return asking
  }
}

/** Start time of this process by the current clock: changes only when the clock is set. Unix ms. */
const startOfProcess = (): number => Date.now() - performance.now()

const done = () => {}
