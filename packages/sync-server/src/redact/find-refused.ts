/** Finds what got into a log before this gate, or by another server. */
import { malformed, type Pusher, type RefusalCode, toJsonText } from '@rockpool/access'
import { type Buckets, DEFAULT_BUCKETS, type Owner, ownerOf, type StoreId } from '@rockpool/protocol'
import type { EventLog } from '../event-log/event-log.ts'
import type { StoredEvent } from '../event-log/event.ts'
import { eventBytes } from '../event-log/event.ts'
import { type JudgedEvent, judgePush } from '../gate/judge-push.ts'
import { parseArgs } from './marks.ts'
import { isInert } from './redaction.ts'

export interface FindOptions {
  readonly storeId: StoreId
  /** one bucket `files` unless set */
  readonly buckets?: Buckets
  /** names of the app's own events; any name that is not reserved unless set */
  readonly eventNames?: readonly string[]
  /** the event to start after; 0 unless set */
  readonly since?: number
}

/** An event that the gate would not take today. */
export interface FoundEvent {
  readonly seqNum: number
  readonly name: string
  /** bytes of the event as JSON */
  readonly bytes: number
  /** `sub` of the token that pushed it; undefined for imported events */
  readonly sub: string | undefined
  readonly code: RefusalCode
  readonly message: string
}

/** Small pages: an event of another server may have megabytes. */
const PAGE = { limit: 1_000, maxBytes: 1024 * 1024 }

/**
 * Judges each event as if its author pushed it today, with every right in the store. Receipts and quotas do not count.
 *
 * @returns pages in the order of the log, those without a find left out
 * @throws EventLogError
 */
export async function* findRefused(
  log: Pick<EventLog, 'read'>,
  { storeId, buckets = DEFAULT_BUCKETS, eventNames, since = 0 }: FindOptions,
): AsyncGenerator<readonly FoundEvent[], void> {
  const owners = new Map<string, Owner>()
  const names = eventNames && new Set(eventNames)
  let at = since
  for (;;) {
    const { events } = await log.read(at, PAGE)
    if (events.length === 0) return
    const found: FoundEvent[] = []
    for (const event of events) {
      const sub = event.sub ?? ''
      const owner = owners.get(sub) ?? (await ownerOf(sub))
      owners.set(sub, owner)
      const claims = { sub, stores: { [storeId]: ['read', 'write', 'delete'] } } as const
      const refused = refusedEvent({ claims, owner, storeId, buckets, eventNames: names }, event)
      if (refused) found.push(refused)
    }
    if (found.length > 0) yield found
    at = events.at(-1)!.seqNum
  }
}

const refusedEvent = (pusher: Pusher, event: StoredEvent): FoundEvent | undefined => {
  if (isInert(event)) return undefined
  const [refused] = judgePush({ pusher }, [toJudged(event)], 0, { events: 0, bytes: 0 }).refused
  if (!refused) return undefined
  const { code, message } = refused
  // Nobody knows who pushed an imported event, so what is another user's cannot be said of it.
  if (code === 'forbidden' && event.sub === undefined) return undefined
  const { seqNum, name, sub } = event
  return { seqNum, name, sub, bytes: eventBytes(event), code, message }
}

const toJudged = (event: StoredEvent): JudgedEvent => {
  const args = parseArgs(event.argsJson)
  const defective = (problem: string) => ({
    event,
    args: undefined,
    defect: malformed('bad_event', event.name, `has args that ${problem}`),
  })
  if ('problem' in args) return defective(args.problem === 'no_json' ? 'are no JSON' : 'are nested too deep')
  const json = event.argsJson === undefined ? undefined : toJsonText(args.value)
  if (json && 'problem' in json) return defective(json.problem)
  return { event, args: args.value, defect: undefined }
}
