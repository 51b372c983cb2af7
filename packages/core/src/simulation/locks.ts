/** Web Locks of one simulated device (https://w3c.github.io/web-locks): the browser releases those of a tab that dies. */
import type { PlatformLocks } from '../platform/platform.ts'
import type { Process } from './scheduler.ts'

interface Request {
  readonly process: Process
  readonly mode: LockMode
  /** Runs the callback; called once. */
  readonly grant: () => void
  /** Ends the request of a lock that another one has stolen. */
  readonly steal: () => void
}

interface LockState {
  held: Request[]
  waiting: Request[]
}

export interface SimulatedLocks {
  /** The locks as a tab sees them. */
  of(process: Process): PlatformLocks
  /** Releases what a dead tab held, and forgets what it waited for. */
  release(process: Process): void
  /** Who holds the lock that ends with this name. */
  holder(name: string): Process | undefined
  /** how often a lock was not there for a request that does not wait */
  readonly unavailable: number
}

/** @param later runs a step of the browser a moment later, for a tab or for the browser itself */
export const makeLocks = (
  later: (process: Process | undefined, name: string, run: () => void) => void,
): SimulatedLocks => {
  const locks = new Map<string, LockState>()
  let unavailable = 0
  const stateOf = (name: string): LockState => {
    const state = locks.get(name) ?? { held: [], waiting: [] }
    locks.set(name, state)
    return state
  }
  const fits = ({ held }: LockState, mode: LockMode): boolean =>
    held.length === 0 || (mode === 'shared' && held.every((other) => other.mode === 'shared'))

  const grantNext = (name: string) => {
    const state = stateOf(name)
    for (let next = state.waiting[0]; next && fits(state, next.mode); next = state.waiting[0]) {
      state.waiting.shift()
      state.held.push(next)
      later(next.process, `lock ${name}`, next.grant)
    }
  }
  const drop = (name: string, isDropped: (request: Request) => boolean) => {
    const state = stateOf(name)
    state.held = state.held.filter((request) => !isDropped(request))
    state.waiting = state.waiting.filter((request) => !isDropped(request))
    later(undefined, `lock ${name} is free`, () => grantNext(name))
  }

  return {
    of: (process) => ({
      request: (name, options, whileHeld) =>
        new Promise((resolve, reject) => {
          // Promises of a dead tab may still settle.
          if (!process.isAlive) return
          const { mode = 'exclusive', ifAvailable = false, steal = false, signal } = options
          const request: Request = {
            process,
            mode,
            grant() {
              signal?.removeEventListener('abort', abort)
              Promise.resolve()
                .then(() => whileHeld({ name, mode }))
                .then(resolve, reject)
                .finally(() => drop(name, (other) => other === request))
            },
            steal: () => reject(new DOMException('The lock was stolen.', 'AbortError')),
          }
          const abort = () => {
            drop(name, (other) => other === request)
            reject(signal!.reason)
          }
          if (signal?.aborted) return reject(signal.reason)
          const state = stateOf(name)
          if (steal) {
            for (const holder of state.held) later(holder.process, `lock ${name} is stolen`, holder.steal)
            state.held = [request]
            return later(process, `lock ${name}`, request.grant)
          }
          if (ifAvailable && (state.waiting.length > 0 || !fits(state, mode))) {
            unavailable++
            return later(process, `lock ${name} is taken`, () => {
              Promise.resolve()
                .then(() => whileHeld(null))
                .then(resolve, reject)
            })
          }
          signal?.addEventListener('abort', abort)
          state.waiting.push(request)
          grantNext(name)
        }),
    }),
    get unavailable() {
      return unavailable
    },
    holder: (name) => [...locks].find(([full]) => full.endsWith(name))?.[1].held[0]?.process,
    release(process) {
      for (const name of locks.keys()) drop(name, (request) => request.process === process)
    },
  }
}
