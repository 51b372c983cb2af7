import { setTimeout as after } from 'node:timers/promises'

/**
 * Waits until `reason` is undefined.
 *
 * @returns the last reason when that has not come within `timeoutMs`
 */
export const waitUntil = async (
  reason: () => Promise<string | undefined>,
  timeoutMs: number,
  intervalMs = 300,
): Promise<string | undefined> => {
  const start = performance.now()
  while (true) {
    const now = await reason()
    if (now === undefined || performance.now() - start > timeoutMs) return now
    await after(intervalMs)
  }
}
