/** A figure that costs something to compute, for those who ask often. */

/**
 * One computation at a time, whose result counts for `keepMs`. A failed one counts as long: what is down is not asked more often.
 *
 * @param now monotonic, ms
 */
export const cached = <A>(
  compute: () => Promise<A>,
  keepMs: number,
  now: () => number = () => performance.now(),
): (() => Promise<A>) => {
  let started = Number.NEGATIVE_INFINITY
  let result: Promise<A> | undefined
  let isRunning = false
  return () => {
    if (result === undefined || (!isRunning && now() - started >= keepMs)) {
      started = now()
      isRunning = true
      result = compute().finally(() => (isRunning = false))
    }
    return result
  }
}
