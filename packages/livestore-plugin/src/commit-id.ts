/**
 * The identity of a commit, under any number.
 *
 * A rebase renumbers events, and LiveStore's events have no id of their own: a tab that lost a response could not distinguish
 * its own event under a new number from one of another tab. So the session id of each committed event has a suffix that is
 * random for the page and counted for the event: `x7Kd2#k3f9a1.2z`. Leader and backend keep it unchanged.
 */
import type { NumberedEvent } from './numbers.ts'

const SUFFIX = /#[0-9a-z]+\.[0-9a-z]+$/

/** Makes session ids that are unique to one commit. @param random makes the part that is unique to this page */
export const commitIds = (sessionId: string, random: () => string): (() => string) => {
  const page = random()
  let count = 0
  return () => `${sessionId}#${page}.${(count++).toString(36)}`
}

/** Up to six characters: 2 billion values for the pages of one tab. */
export const randomPart = (): string => Math.floor(Math.random() * 36 ** 6).toString(36)

/**
 * Whether two events are the same commit. Events of other clients and of older versions have no suffix: they are the same
 * when they have the same number, too. The content counts: a member who guesses an id must not make an event disappear.
 */
export const isSameCommit = (a: NumberedEvent, b: NumberedEvent): boolean =>
  a.clientId === b.clientId &&
  a.sessionId === b.sessionId &&
  (SUFFIX.test(a.sessionId) || (a.seqNum.global === b.seqNum.global && a.seqNum.client === b.seqNum.client)) &&
  hasSameContent(a, b)

/** Whether name and args are the same, as JSON: a key that is undefined does not come back from the backend. */
export const hasSameContent = (a: NumberedEvent, b: NumberedEvent): boolean =>
  a.name === b.name && isSameJson(toJson(a.args), toJson(b.args))

const toJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

const isSameJson = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameJson((a as never)[key], (b as never)[key]))
  )
}
