/** Sends the parts of one upload in parallel, and signs them shortly before. */
import type { SignedRequest } from '@rockpool/protocol'

/** Parts of one upload that are sent in parallel or wait for a connection. */
export const PARALLEL_PARTS = 5

/** Parts per signing call: few, so that no URL expires behind slow parts. */
export const SIGNED_AT_ONCE = 8

export interface SignedPart extends SignedRequest {
  readonly number: number
}

export interface PartSteps {
  readonly sign: (numbers: readonly number[]) => Promise<readonly SignedPart[]>
  /** Waits for a connection. @returns its release function */
  readonly acquire: (signal: AbortSignal) => Promise<() => void>
  readonly send: (part: SignedPart, signal: AbortSignal) => Promise<void>
}

/**
 * Resolves when all parts were sent. Signs the next parts while others are sent, so that no connection waits for a
 * signature. The first failure stops the rest; it rejects when they have ended.
 */
export const sendParts = async (numbers: readonly number[], steps: PartSteps, signal: AbortSignal): Promise<void> => {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const take = signedAhead(numbers, steps.sign)
  const lane = async () => {
    try {
      for (;;) {
        if (!(await take.hasNext())) return
        const release = await steps.acquire(either)
        try {
          const part = await take.next()
          if (!part) return
          await steps.send(part, either)
        } finally {
          release()
        }
      }
    } catch (error) {
      stop.abort(error)
      throw error
    }
  }
  const lanes = Array.from({ length: Math.min(PARALLEL_PARTS, numbers.length) }, lane)
  await Promise.allSettled(lanes)
  // The first failure in time, since it aborted the others.
  if (stop.signal.aborted) throw stop.signal.reason
}

/** Hands out signed parts in order; the next call signs while at least one part for each lane is left. */
const signedAhead = (numbers: readonly number[], sign: PartSteps['sign']) => {
  const unsigned = [...numbers]
  const signed: SignedPart[] = []
  let signing: Promise<void> | undefined

  const signMore = (): Promise<void> | undefined => {
    if (!signing && unsigned.length > 0 && signed.length < PARALLEL_PARTS) {
      signing = sign(unsigned.splice(0, SIGNED_AT_ONCE)).then((parts) => {
        signed.push(...parts)
        signing = undefined
      })
      // A failure is kept for the next caller.
      signing.catch(() => {})
    }
    return signing
  }

  return {
    /** Waits for signatures before a connection is taken. */
    async hasNext(): Promise<boolean> {
      while (signed.length === 0) {
        const more = signMore()
        if (!more) return false
        await more
      }
      return true
    },
    async next(): Promise<SignedPart | undefined> {
      for (;;) {
        const part = signed.shift()
        const more = signMore()
        if (part || !more) return part
        await more
      }
    },
  }
}
