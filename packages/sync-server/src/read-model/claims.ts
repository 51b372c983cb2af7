/** Contents that are only claimed to be stored. */
import { parseRemoteKey, type RemoteKey, RockpoolError } from '@rockpool/protocol'
import type { Sql } from '../event-log/sql.ts'
import { type Query, statement } from './query.ts'
import type { ContentCheck } from './rows.ts'
import { CLAIMED } from './schema.ts'

export interface Claim {
  readonly remoteKey: RemoteKey
  /** number of the event that claims it */
  readonly seqNum: number
}

export interface ClaimQuery {
  /** only claims whose content was last looked for, without finding it, before this time in unix ms; all unless set */
  readonly checkedBefore?: number
  /** 1 to 1,000; 100 unless set */
  readonly limit?: number
  /** `cursor` of the page before */
  readonly cursor?: string
}

export interface ClaimedPage {
  /** by remote key */
  readonly claims: readonly Claim[]
  /** `cursor` of the next page; undefined after the last one */
  readonly cursor: string | undefined
}

const PAGE = `SELECT remoteKey, seqNum FROM contents
  WHERE ${CLAIMED} AND remoteKey > ? AND (checkedAt IS NULL OR checkedAt < ?) ORDER BY remoteKey LIMIT ?`
const STILL_CLAIMED = `SELECT 1 FROM contents WHERE remoteKey = ? AND seqNum = ? AND ${CLAIMED}`
const SETTLE = 'UPDATE contents SET checkedAt = ?, found = ? WHERE remoteKey = ?'

/** @throws RockpoolError `bad_request` */
export function* readClaims({
  checkedBefore = Number.MAX_SAFE_INTEGER,
  limit,
  cursor,
}: ClaimQuery & { readonly limit: number }): Query<ClaimedPage> {
  if (cursor !== undefined && !parseRemoteKey(cursor)) {
    throw new RockpoolError('bad_request', '"cursor" has to be the one of the page before.')
  }
  const claims = (yield statement(PAGE, cursor ?? '', checkedBefore, limit)) as unknown as readonly Claim[]
  return { claims, cursor: claims.length === limit ? claims.at(-1)!.remoteKey : undefined }
}

/** @returns false when the log has said something else since, or another check has found the content */
export const settleClaim = (sql: Sql, { remoteKey, seqNum }: Claim, { at, found }: ContentCheck): boolean => {
  if (Array.from(sql.rows(STILL_CLAIMED, remoteKey, seqNum)).length === 0) return false
  sql.run(SETTLE, at, found ? 1 : 0, remoteKey)
  return true
}
