/** Whether a content may go. Pure. */
import type { RemoteKey } from '@rockpool/protocol'
import type { LiveSet } from './live-set.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export interface CollectorRules {
  /** ms from the last write of a content until it goes, if the log never named it: a device may report it late */
  readonly graceMs: number
  /** ms until a content goes that the log no longer names, from when the collector first saw that */
  readonly retentionMs: number
}

/** 7 days, and the 30 days of the trash with a day for clocks that differ. */
export const DEFAULT_RULES: CollectorRules = { graceMs: 7 * DAY_MS, retentionMs: 31 * DAY_MS }

/** With a shorter grace, devices that were offline for a day lose files. */
export const SHORTEST_SAFE_GRACE_MS = DAY_MS

export type Verdict =
  | { readonly kind: 'keep' }
  /** named once and no longer: since when, by the collector's clock */
  | { readonly kind: 'wait'; readonly goneSince: number }
  | { readonly kind: 'delete' }

export const verdictOn = (
  content: { readonly key: RemoteKey; readonly modifiedAt: number },
  { live, named }: LiveSet,
  goneSince: number | undefined,
  rules: CollectorRules,
  now: number,
): Verdict => {
  const { key, modifiedAt } = content
  if (live.has(key)) return { kind: 'keep' }
  // A log that names nothing now says nothing of what it never named: it may be the wrong one, or not read whole.
  if (!named.has(key)) return live.size > 0 && now - modifiedAt >= rules.graceMs ? { kind: 'delete' } : { kind: 'keep' }
  // A content that was written again waits from then on: a device may be about to name it.
  const since = goneSince === undefined ? now : Math.max(goneSince, modifiedAt)
  return now - since >= rules.retentionMs ? { kind: 'delete' } : { kind: 'wait', goneSince: since }
}

/** How much a live set may shrink between two runs: more looks like a log that was not read whole. */
const LARGEST_SHRINK = 0.2

/** Why a collector must not trust this live set after that one, in a sentence, else undefined. */
export const distrust = (
  before: { readonly logId: string; readonly liveCount: number } | undefined,
  { logId, live }: LiveSet,
): string | undefined => {
  if (before === undefined) return undefined
  if (before.logId !== logId) return 'The event log of this store is another one than at the last run.'
  if (live.size < before.liveCount * (1 - LARGEST_SHRINK)) {
    return `The event log names ${live.size} contents, ${before.liveCount} at the last run: over 20 % fewer.`
  }
  return undefined
}
