/**
 * The check of claims in a Durable Object. Each alarm checks a few and ends, so that the object hibernates in between. Results
 * count in the read model only, as on Node.
 */
import type { ClaimChecks } from '../read-model/claim-checker.ts'
import type { ReadModel } from '../read-model/read-model.ts'

/** `everyMs`: from the push that claims a content to the check. */
export type WorkerClaimChecks = Pick<ClaimChecks, 'head' | 'everyMs' | 'recheckAfterMs'>

/**
 * Contents checked in one alarm. Workers' free plan allows 50 requests in an invocation: opening an S3 bucket takes 17, and a
 * content of several parts takes 2.
 */
export const MAX_CHECKS = 15
/** To the next alarm while more claims are due: 2 contents a second at most, as on Node. */
const MORE_AFTER_MS = 7_500
/** A request without a response would keep the object awake. */
const HEAD_TIMEOUT_MS = 10_000
const EVERY_MS = 10 * 60_000
const DAY_MS = 24 * 60 * 60_000

type Claims = Pick<ReadModel, 'claimedContents' | 'settleClaim'>

/** When the claims of a push are due. Times are unix ms. */
export const dueAfterPush = ({ everyMs = EVERY_MS }: WorkerClaimChecks, now: number): number => now + everyMs

/** When claims are due that no alarm is set for: those of before there were checks. */
export const dueAtStart = async (
  readModel: Claims,
  checks: WorkerClaimChecks,
  now: number,
): Promise<number | undefined> => ((await hasDue(readModel, checks, now)) ? dueAfterPush(checks, now) : undefined)

/**
 * Checks some of the claims that are due. A claim for which `head` rejects counts as checked without finding its content, since
 * it would be among the first again in the next alarm.
 *
 * @returns when the next ones are due; undefined: no claims are left
 * @throws the first error of `head`, once all of these claims are checked; it may be about one object, or about all
 */
export const checkSomeClaims = async (
  readModel: Claims,
  checks: WorkerClaimChecks,
  now: number,
): Promise<number | undefined> => {
  const { head, recheckAfterMs = DAY_MS } = checks
  const { claims } = await readModel.claimedContents({ checkedBefore: now - recheckAfterMs, limit: MAX_CHECKS })
  const failures: unknown[] = []
  for (const claim of claims) {
    const found = await head(claim.remoteKey, AbortSignal.timeout(HEAD_TIMEOUT_MS)).catch((error: unknown) => {
      failures.push(error)
      return false
    })
    await readModel.settleClaim(claim, { found, at: now })
  }
  if (failures.length > 0) throw failures[0]
  if (await hasDue(readModel, checks, now)) return now + MORE_AFTER_MS
  const isLeft = (await readModel.claimedContents({ limit: 1 })).claims.length > 0
  return isLeft ? now + recheckAfterMs + 1 : undefined
}

const hasDue = async (
  readModel: Claims,
  { recheckAfterMs = DAY_MS }: WorkerClaimChecks,
  now: number,
): Promise<boolean> =>
  (await readModel.claimedContents({ checkedBefore: now - recheckAfterMs, limit: 1 })).claims.length > 0
