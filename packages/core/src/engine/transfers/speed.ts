/** Speed of a transfer. */

/** Averaging window (ms): long enough for a stable number, short enough to show changes of the line. */
const WINDOW_MS = 5_000

/** No speed before this time (ms): the first bytes only fill buffers. */
const MIN_TIME_MS = 500

/**
 * @returns a function of the bytes transferred so far and the time in ms: bytes per second, null while unknown. Bytes that
 *   were there at the first call, and decreases in between, do not count.
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
