/** `EventLog.append` over what an adapter stores. Runs in one transaction of the adapter. */
import type { FilesInUse } from '../gate/file-quota.ts'
import type { AppendOptions, AppendResult, Usage } from './event-log.ts'
import { isSameEvent, type LogEvent, type StoredEvent } from './event.ts'
import { planAppend, unknownCommits } from './plan-append.ts'

/** The events that one adapter stores for one store. */
export interface EventStorage {
  readonly head: number
  /** what it holds */
  usage(): Usage
  /** The first `limit` events after a number. */
  eventsAfter(since: number, limit: number): readonly LogEvent[]
  insert(events: readonly StoredEvent[]): void
  /** Whether an event brings back what was redacted. No event does, unless set. */
  isRedacted?(event: LogEvent): boolean
  /** See `AppendOptions.check`. */
  filesInUse?(sub: string | undefined): FilesInUse | undefined
}

/** @param parent the number before the first of `pushed`, of which there is at least one */
export const append = (
  storage: EventStorage,
  parent: number,
  pushed: readonly LogEvent[],
  { sub, at, check, maxBetween = 0, countsFiles = false }: AppendOptions,
): AppendResult => {
  const { head } = storage
  const stored = parent < head ? storage.eventsAfter(parent, pushed.length) : []
  const plan = planAppend<LogEvent>({ parent, head, pushed, stored, isSame: isSameEvent })
  if (plan.kind === 'parent_ahead') return { ...plan, head }
  const isBehind = plan.kind === 'conflict'
  if (isBehind && head - plan.common > maxBetween) return { ...plan, head }
  const isUnknown = isBehind ? unknownCommits(pushed, storage.eventsAfter(plan.common, maxBetween)) : () => true
  const held = isBehind ? plan.common - parent : plan.firstNew
  const first = pushed.findIndex((event, index) => index >= held && isUnknown(event))

  const firstNew = first === -1 ? pushed.length : first
  const isRedacted = (event: LogEvent) => storage.isRedacted?.(event) ?? false
  const runCheck = () =>
    check?.(firstNew, storage.usage(), isRedacted, countsFiles ? storage.filesInUse?.(sub) : undefined)
  const taken = (firstNew < pushed.length ? runCheck() : undefined) ?? pushed.length
  const added: StoredEvent[] = []
  for (const event of pushed.slice(firstNew, taken)) {
    if (!isUnknown(event)) continue
    const { name, argsJson, clientId, sessionId } = event
    added.push({ name, argsJson, seqNum: head + 1 + added.length, clientId, sessionId, sub, at })
  }
  if (added.length > 0) storage.insert(added)
  const appended = { kind: 'appended', head: head + added.length, before: head, firstNew, taken, added } as const
  return isBehind ? { ...appended, common: plan.common } : appended
}
