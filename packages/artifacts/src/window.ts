/** A limit on what is in flight at once, for all uploads, or all downloads, of a client. */

export interface Window {
  /** Resolves when there is room, in the order of the calls. The function returned gives the room back, once. */
  acquire(): Promise<() => void>
  /** As `acquire`, or undefined when there is no room now. */
  tryAcquire(): (() => void) | undefined
}

export const createWindow = (size: number): Window => {
  let free = size
  const waiting: (() => void)[] = []
  const release = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  const once = () => {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      release()
    }
  }
  return {
    acquire: async () => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      return once()
    },
    tryAcquire: () => {
      if (free === 0) return undefined
      free--
      return once()
    },
  }
}
