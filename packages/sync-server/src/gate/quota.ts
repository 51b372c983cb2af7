/** How much a store may keep in its event log. Pure. */
import { isDeleteEvent, type Refusal } from '@rockpool/access'
import type { Usage } from '../event-log/event-log.ts'

/** No limit where it is not set. */
export interface Quota {
  readonly events?: number
  /** bytes of the events as JSON; the bytes of files are not in the log */
  readonly bytes?: number
}

/**
 * Whether the next event exceeds the quota. Deletes pass, so that a full store can be cleaned up.
 *
 * @param next its name, and its bytes as JSON where the quota counts them
 */
export const checkQuota = (
  quota: Quota,
  used: Usage,
  { name, bytes }: { readonly name: string; readonly bytes: number },
): Refusal | undefined => {
  if (isDeleteEvent(name)) return undefined
  if (quota.events !== undefined && used.events >= quota.events) {
    return exceeded(`${figure(used.events)} of ${figure(quota.events)} changes are used`)
  }
  if (quota.bytes === undefined) return undefined
  if (used.bytes + bytes <= quota.bytes) return undefined
  const figures = `${figure(used.bytes)} of ${figure(quota.bytes)} bytes are used`
  return exceeded(`${figures}, and this change has ${figure(bytes)}`)
}

const exceeded = (figures: string): Refusal => ({
  code: 'quota_exceeded',
  message: `The store is full: ${figures}. Ask the operator of the sync server for more.`,
})

const figure = (value: number): string => value.toLocaleString('en-US')
