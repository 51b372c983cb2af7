/** What goes wrong between a device and the servers at a time, and for which request. */

export type RequestKind = 'signer' | 'sync' | 'token' | 'object'

export type Fault =
  /** the connection ends before the request is whole */
  | 'lostRequest'
  /** the server has acted, and the connection ends before its response */
  | 'lostResponse'
  /** nothing moves any more, in the request or in the response */
  | 'stall'
  | 'delay'
  /** 503 */
  | 'unavailable'
  /** the connection ends within the body of the response */
  | 'truncated'
  /** a byte of an object is another one, on its way to the object store or back */
  | 'altered'
  /** a sign-in page or a filter takes the bytes of an object, and responds 200 */
  | 'falseSuccess'

export interface Weather {
  /** share of the requests that meet each fault: 0 to 1 */
  readonly faults: Readonly<Partial<Record<Fault, number>>>
  /** which requests meet them */
  readonly kinds: readonly RequestKind[]
  /** no connection at all */
  readonly isDown: boolean
}

export const CALM: Weather = { faults: {}, kinds: [], isDown: false }

/** Bytes of other requests are protected by TLS; objects may be altered in storage, too. */
const ONLY_OBJECTS: ReadonlySet<Fault> = new Set(['altered', 'falseSuccess'])

/**
 * @param roll a random number from 0 (inclusive) to 1 (exclusive)
 * @returns the fault that a request meets
 */
export const faultFor = ({ faults, kinds }: Weather, kind: RequestKind, roll: number): Fault | undefined => {
  if (!kinds.includes(kind)) return undefined
  let upTo = 0
  for (const [fault, share] of Object.entries(faults) as [Fault, number][]) {
    upTo += share
    if (roll < upTo) return ONLY_OBJECTS.has(fault) && kind !== 'object' ? undefined : fault
  }
  return undefined
}
