/** S3's time: the SDK learns from each answer how far this machine's clock is off, which holds until someone sets it. */
import { HeadBucketCommand } from '@aws-sdk/client-s3'
import type { S3Connection } from './connection.ts'

/** Under what a vendor forgives: 5 minutes at the strictest (the SDK corrects from 4). */
const STEP_MS = 60_000

/**
 * What to await before signing. When the clock was set meanwhile, or the machine slept, it asks S3 anew: a URL would be
 * signed with a wrong time by a signer that was an hour off and is put right, as nothing else makes it ask.
 */
export const timeOfS3 = (send: S3Connection['send'], Bucket: string): (() => Promise<void> | undefined) => {
  let known = startOfProcess()
  let asking: Promise<void> | undefined
  return () => {
    const now = startOfProcess()
    if (Math.abs(now - known) > STEP_MS) {
      known = now
      // A refusal tells the time as well. Without any answer there is nothing to sign for.
      const asked = send(new HeadBucketCommand({ Bucket })).then(done, done)
      asking = asked
      void asked.then(() => {
        if (asking === asked) asking = undefined
      })
    }
    return asking
  }
}

/** When this process began, by the clock of now: changes only when the clock is set. Unix ms. */
const startOfProcess = (): number => Date.now() - performance.now()

const done = () => {}
