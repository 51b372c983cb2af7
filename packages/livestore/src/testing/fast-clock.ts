/**
 * A clock for tests with real sockets and servers: time passes only while a test waits for something, and faster than real
 * time. So 60 s of polling take a second or two, and no test depends on how fast the machine is.
 */
import { Clock, Duration, Effect } from 'effect'

/** Virtual ms per real ms at most: a round trip on loopback stays far below any timeout. */
const STEP_MS = 20

export interface FastClock {
  readonly clock: Clock.Clock
  readonly now: () => number
  /** Lets time pass until `condition` holds. @returns how long that took, in ms of this clock */
  readonly until: (condition: () => boolean, limitMs?: number, stepMs?: number) => Promise<number>
  /** Lets this much time pass. @param stepMs larger when there is nothing to wait for in between */
  readonly pass: (ms: number, stepMs?: number) => Promise<void>
}

export const makeFastClock = (): FastClock => {
  let time = 1_000_000
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()

  const advance = (ms: number) => {
    time += ms
    const due = [...sleepers].filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)
    for (const sleeper of due) if (sleepers.delete(sleeper)) sleeper.wake()
  }
  const millis = () => time
  const nanos = () => BigInt(time) * 1_000_000n
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const sleeper = { at: time + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleepers.add(sleeper)
        return Effect.sync(() => sleepers.delete(sleeper))
      }),
  }
  const until = async (condition: () => boolean, limitMs = 120_000, stepMs = STEP_MS) => {
    const from = time
    while (!condition()) {
      if (time - from >= limitMs)
        throw new Error(`This did not happen within ${limitMs} ms of the test's clock: ${condition}`)
      advance(stepMs)
      await new Promise((resolve) => void setTimeout(resolve, 1))
    }
    return time - from
  }
  return {
    clock,
    now: millis,
    until,
    pass: async (ms, stepMs = STEP_MS) => {
      const end = time + ms
      await until(() => time >= end, ms + stepMs, stepMs)
    },
  }
}
