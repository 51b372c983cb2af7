/** A limit on what is in flight at once, for all uploads, or all downloads, of a client. */
import { untilAborted } from './until-aborted.ts'

export interface Window {
  /**
   * Resolves when there is room, in the order of the calls. The function returned gives the room back, once.
   *
   * @throws ArtifactError `aborted`
   */
  acquire(signal?: AbortSignal): Promise<() => void>
  /** As `acquire`, or undefined when there is no room now. */
  tryAcquire(): (() => void) | undefined
}

export const createWindow = (size: number): Window => {
  let free = size
  /** in the order of the calls */
  const waiting = new Set<() => void>()
  const release = () => {
    const [next] = waiting
    if (!next) return void free++
    waiting.delete(next)
    next()
  }
  const once = () => {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      release()
    }
  }
  const turn = async (signal: AbortSignal | undefined): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.add(resolve)
    try {
      await untilAborted(promise, signal)
    } catch (error) {
      // Its turn may have come at the same time.
      if (!waiting.delete(resolve)) release()
      throw error
    }
  }
  return {
    acquire: async (signal) => {
      if (free > 0) free--
      else await turn(signal)
      return once()
    },
    tryAcquire: () => {
      if (free === 0) return undefined
      free--
      return once()
    },
  }
}
