/** The background check of contents that are only claimed to be stored: slow, so that object storage does not notice. */
import type { RemoteKey } from '@rockpool/protocol'
import { type Clock, pause, systemClock } from '../clock.ts'
import type { ReadModel } from './read-model.ts'

export interface CheckClaimsOptions {
  readonly readModel: Pick<ReadModel, 'claimedContents' | 'settleClaim'>
  /**
   * Whether object storage has the content: a HEAD, and of a content of several parts one of its digest list
   * (`<remoteKey>.parts`), too. A claim for which it rejects is checked again in the next round.
   */
  readonly head: (remoteKey: RemoteKey, signal: AbortSignal) => Promise<boolean>
  /** gets what `head` rejects with; the round goes through the other claims */
  readonly onFailure: (error: unknown) => void
  /** contents checked in a second, at most; 2 unless set */
  readonly perSecond?: number
  /** ms from a check of a claim without finding its content to the next check; a day unless set */
  readonly recheckAfterMs?: number
  readonly signal: AbortSignal
  readonly clock?: Clock
}

export interface ClaimsChecked {
  readonly found: number
  readonly missing: number
}

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * Checks each claim once, and notes the results in the read model. It appends nothing to the log: a device that needs a
 * content which is missing asks the signer, and says so itself.
 *
 * @throws what the read model throws, and the reason of `signal`; what was checked until then is noted
 */
export const checkClaims = async (options: CheckClaimsOptions): Promise<ClaimsChecked> => {
  const { readModel, head, onFailure, signal, clock = systemClock, perSecond = 2, recheckAfterMs = DAY_MS } = options
  const checkedBefore = clock.now() - recheckAfterMs
  const counts = { found: 0, missing: 0 }
  let isFirst = true
  let cursor: string | undefined
  do {
    const page = await readModel.claimedContents({ checkedBefore, ...(cursor !== undefined && { cursor }) })
    for (const claim of page.claims) {
      if (!isFirst) await pause(clock, 1_000 / perSecond, signal)
      isFirst = false
      signal.throwIfAborted()
      let found: boolean
      try {
        found = await head(claim.remoteKey, signal)
      } catch (error) {
        signal.throwIfAborted()
        onFailure(error)
        continue
      }
      if (await readModel.settleClaim(claim, { found, at: clock.now() })) counts[found ? 'found' : 'missing']++
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return counts
}
