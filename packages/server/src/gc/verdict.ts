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
  // A log that names nothing at all may be the wrong one, or not read whole. One whose files are all deleted still names them.
  if (!named.has(key))
    return named.size > 0 && now - modifiedAt >= rules.graceMs ? { kind: 'delete' } : { kind: 'keep' }
  // A content that was written again waits from then on: a device may be about to name it.
  const since = goneSince === undefined ? now : Math.max(goneSince, modifiedAt)
  return now - since >= rules.retentionMs ? { kind: 'delete' } : { kind: 'wait', goneSince: since }
}

/** How many fewer keys a log may name than at the last run: more looks like a log that was not read whole. */
const MAX_SHRINK = 0.2

/**
 * Why a collector must not trust this log after the last run, in a sentence, else undefined.
 *
 * What counts is all that the log ever named, not what is live: users delete files, which would end all collections of a small
 * store, while a log that lost some of its files names less. What it still names waits for the retention in any case.
 */
export const distrust = (
  before: { readonly logId: string; readonly namedCount: number } | undefined,
  { logId, named }: LiveSet,
): string | undefined => {
  if (before === undefined) return undefined
  if (before.logId !== logId) return 'The event log of this store is another one than at the last run.'
  if (named.size < before.namedCount * (1 - MAX_SHRINK)) {
    return `The event log of this store names ${named.size} files, deleted ones included: over 20 % fewer than the ${before.namedCount} at the last run.`
  }
  return undefined
}
