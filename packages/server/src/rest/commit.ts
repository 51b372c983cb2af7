/** Changes of files, as events in the log of their store. */
import { packMeta, type PoolEvent } from '@rockpool/core/records'
import { type QuotaUsage, RockpoolError, type StoreId, type WireErrorCode } from '@rockpool/protocol'
import { SYNC_PATH } from '../serve/route.ts'

/** The sync server, for calls within this process. */
export type SyncFetch = (request: Request) => Promise<Response>

export interface CommitOptions {
  readonly sync: SyncFetch
  readonly storeId: StoreId
  /** of the user whose change it is */
  readonly token: string
  readonly signal: AbortSignal
}

/**
 * Appends the events of `decide` as a push of the sync API: rights, limits, quota and receipts are checked, and all devices are
 * notified. When another writer is faster, `decide` runs again: no event comes between a decision and its events.
 *
 * @throws RockpoolError what `decide` throws, and the refusal of the sync server
 */
export const commit = async (
  { sync, storeId, token, signal }: CommitOptions,
  decide: () => Promise<readonly PoolEvent[]>,
): Promise<void> => {
  const base = `http://localhost${SYNC_PATH}/${storeId}`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  for (;;) {
    signal.throwIfAborted()
    const { head } = await bodyOf(await sync(new Request(`${base}/head`, { headers })))
    const events = await decide()
    const body = JSON.stringify({ parent: head, events: events.map((event, index) => toWire(event, head! + index)) })
    const response = await sync(new Request(`${base}/events`, { method: 'POST', headers, body }))
    // Another writer has appended since: nothing was stored.
    if (response.status !== 409) return void (await bodyOf(response))
  }
}

/** The session id has the form of a commit that is unique: devices recognize it under any number. */
const toWire = ({ name, opId, args }: PoolEvent, parentSeqNum: number) => ({
  name,
  args: packMeta({ ...args, opId }),
  seqNum: parentSeqNum + 1,
  parentSeqNum,
  clientId: 'server',
  sessionId: `rest#${crypto.randomUUID().replaceAll('-', '')}.0`,
})

interface SyncProblem {
  readonly code: string
  readonly message: string
  readonly usage?: QuotaUsage
}

interface SyncBody {
  readonly head?: number
  readonly error?: SyncProblem
  readonly refused?: readonly SyncProblem[]
}

/** @throws RockpoolError when the sync server refused the call or an event */
const bodyOf = async (response: Response): Promise<SyncBody> => {
  const body = (await response.json()) as SyncBody
  const problem = body.error ?? body.refused?.[0]
  if (!problem) return body
  const retryAfter = Number(response.headers.get('retry-after'))
  throw new RockpoolError(toWireCode(problem.code), problem.message, {
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1_000 }),
    ...(problem.usage && { usage: problem.usage }),
  })
}

/** Codes of the sync contract that a client of this API meets; all others are a request that makes no sense. */
const WIRE_CODES: ReadonlyMap<string, WireErrorCode> = new Map<string, WireErrorCode>([
  ['unauthenticated', 'unauthenticated'],
  ['forbidden', 'forbidden'],
  ['quota_exceeded', 'quota_exceeded'],
  ['too_large', 'too_large'],
  ['type_not_allowed', 'type_not_allowed'],
  ['rate_limited', 'rate_limited'],
  ['storage_unavailable', 'storage_unavailable'],
])

const toWireCode = (code: string): WireErrorCode => WIRE_CODES.get(code) ?? 'bad_request'
