/**
 * Runs work in the order of the calls, within `capacity`. Each piece declares its cost;
 * a piece that costs the capacity or more runs alone. Waiting work rejects as soon as its signal aborts.
 */
export const makeLimiter = (capacity: number) => {
  let free = capacity
  const waiting = new Set<{ readonly weight: number; readonly start: () => void }>()

  const startWaiting = () => {
    for (const next of waiting) {
      // A small piece does not overtake a large one, which could otherwise starve.
      if (next.weight > free) return
      waiting.delete(next)
      free -= next.weight
      next.start()
    }
  }

  const acquire = (weight: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const piece = {
        weight,
        start: () => {
          signal.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = () => {
        waiting.delete(piece)
        reject(signal.reason as Error)
        startWaiting()
      }
      waiting.add(piece)
      signal.addEventListener('abort', abort, { once: true })
      startWaiting()
    })

  return async <T>(work: () => Promise<T>, size: number, signal: AbortSignal): Promise<T> => {
    signal.throwIfAborted()
    const weight = Math.min(size, capacity)
    await acquire(weight, signal)
    try {
      return await work()
    } finally {
      free += weight
      startWaiting()
    }
  }
}
