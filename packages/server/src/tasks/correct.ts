/** Redaction: an event that must not be in a log is taken out of it, on all devices. */
import type { StoreId } from '@rockpool/protocol'
import { findRefused, type FoundEvent } from '@rockpool/sync-server'
import { postgresBuckets } from '../buckets/postgres-buckets.ts'
import { readSqliteBuckets } from '../buckets/sqlite-buckets.ts'
import type { Task } from './task.ts'

export interface CorrectArguments {
  readonly storeId: StoreId
  /** number of the event in the log */
  readonly seqNum: number
  /** who decided it */
  readonly by: string
  readonly reason: string
}

export interface CorrectResult {
  readonly event: { readonly seqNum: number; readonly name: string; readonly sub: string | null }
  /** events that undo it on the devices that applied it */
  readonly added: number
}

export const correctEvent: Task<CorrectArguments, CorrectResult> = {
  name: 'correct',
  run: async ({ storeId, seqNum, by, reason }, { parts, redact }) => {
    await requireLog(parts, storeId)
    const { redaction, added } = await redact(storeId, seqNum, { by, reason })
    const { name, sub } = redaction.original
    return { event: { seqNum, name, sub: sub ?? null }, added: added.length }
  },
}

/** What the server would not take today. */
export const findEvents: Task<{ readonly storeId: StoreId }, readonly FoundEvent[]> = {
  name: 'find',
  run: async ({ storeId }, { config, parts }) => {
    const log = await requireLog(parts, storeId)
    const { database } = parts.logs
    const configured = config.signer.buckets
    const buckets = database
      ? await postgresBuckets(database, configured).bucketsOf(storeId)
      : await readSqliteBuckets(config.dataDir, configured, storeId)
    const found: FoundEvent[] = []
    for await (const page of findRefused(log, { storeId, buckets })) found.push(...page)
    return found
  },
}

/** Opening one that is not there would create it. */
const requireLog = async ({ logs }: Parameters<typeof findEvents.run>[1]['parts'], storeId: StoreId) => {
  const stores = await logs.storeIds()
  if (stores.includes(storeId)) return logs.open(storeId)
  throw new Error(
    `There is no store "${storeId}" here. There ${stores.length === 1 ? 'is' : 'are'}: ${stores.join(', ') || 'none'}.`,
  )
}
