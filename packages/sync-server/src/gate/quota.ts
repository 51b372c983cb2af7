/** How much a store may keep in its event log. Pure. */
import { isDeleteEvent, type Refusal } from '@rockpool/access'
import type { Usage } from '../event-log/event-log.ts'
import { eventBytes, type LogEvent } from '../event-log/event.ts'

/** No limit where it is not set. */
export interface Quota {
  readonly events?: number
  /** bytes of the events as JSON; the bytes of files are not in the log */
  readonly bytes?: number
}

/** Whether the next event exceeds the quota. Deletes pass, so that a full store can be cleaned up. */
export const checkQuota = (quota: Quota, used: Usage, event: LogEvent): Refusal | undefined => {
  if (isDeleteEvent(event.name)) return undefined
  if (quota.events !== undefined && used.events >= quota.events) {
    return exceeded(`${figure(used.events)} of ${figure(quota.events)} changes are used`)
  }
  if (quota.bytes === undefined) return undefined
  const bytes = eventBytes(event)
  if (used.bytes + bytes <= quota.bytes) return undefined
  const figures = `${figure(used.bytes)} of ${figure(quota.bytes)} bytes are used`
  return exceeded(`${figures}, and this change has ${figure(bytes)}`)
}

const exceeded = (figures: string): Refusal => ({
  code: 'quota_exceeded',
  message: `The store is full: ${figures}. Ask the operator of the sync server for more.`,
})

const figure = (value: number): string => value.toLocaleString('en-US')
