/** How fast a transfer is. Pure but for its memory. */

/** The speed is that of this last time (ms): long enough for a number that a person can read, short enough to follow the line. */
const WINDOW_MS = 5_000

/** Before this time (ms) there is no speed: the first bytes only fill buffers. */
const MIN_TIME_MS = 500

/**
 * @returns to be called with the bytes transferred so far and the time in ms: bytes per second, null while unknown. What was
 *   there at the first call, or was taken back in between, was not transferred.
 */
export const makeSpeedometer = (): ((bytes: number, at: number) => number | null) => {
  let samples: { readonly bytes: number; readonly at: number }[] = []
  return (bytes, at) => {
    const last = samples.at(-1)
    if (last && bytes < last.bytes) samples = []
    samples.push({ bytes, at })
    while (samples.length > 2 && samples[1]!.at <= at - WINDOW_MS) samples.shift()
    const first = samples[0]!
    const elapsed = at - first.at
    return elapsed < MIN_TIME_MS ? null : Math.round(((bytes - first.bytes) / elapsed) * 1_000)
  }
}
