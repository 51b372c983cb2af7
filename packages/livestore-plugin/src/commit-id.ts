/**
 * Which commit an event is, wherever it stands in a log.
 *
 * A rebase numbers events anew, and LiveStore's events have no id of their own: a tab that lost an answer could not tell its
 * own event under a new number from somebody else's. So the session id of each committed event carries a suffix that is
 * random for the page and counted for the event: `x7Kd2#k3f9a1.2z`. All sides keep it as it is.
 */
import type { NumberedEvent } from './numbers.ts'

const SUFFIX = /#[0-9a-z]+\.[0-9a-z]+$/

/** Gives session ids that are unique to one commit. `random` makes the part that is unique to this page. */
export const commitIds = (sessionId: string, random: () => string): (() => string) => {
  const page = random()
  let count = 0
  return () => `${sessionId}#${page}.${(count++).toString(36)}`
}

/** Six characters: of 2 billion pages of one tab. */
export const randomPart = (): string => Math.floor(Math.random() * 36 ** 6).toString(36)

/**
 * Whether two events are the same commit. Events of other clients, of devtools and of versions before this one have no
 * suffix: they are the same when they stand at the same number and say the same.
 */
export const isSameCommit = (a: NumberedEvent, b: NumberedEvent): boolean =>
  a.clientId === b.clientId &&
  a.sessionId === b.sessionId &&
  (SUFFIX.test(a.sessionId) ||
    (a.seqNum.global === b.seqNum.global && a.seqNum.client === b.seqNum.client && saysTheSame(a, b)))

/** As JSON carries it: a key that is undefined is lost on the way to the backend and back. */
export const saysTheSame = (a: NumberedEvent, b: NumberedEvent): boolean =>
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
