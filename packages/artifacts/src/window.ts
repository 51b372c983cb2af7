/** A limit on what is in flight at once, for all uploads of a client. */

export interface Window {
  /** Resolves when there is room, in the order of the calls. The function returned gives the room back, once. */
  acquire(): Promise<() => void>
}

export const createWindow = (size: number): Window => {
  let free = size
  const waiting: (() => void)[] = []
  const release = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  return {
    acquire: async () => {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      let isReleased = false
      return () => {
        if (isReleased) return
        isReleased = true
        release()
      }
    },
  }
}
