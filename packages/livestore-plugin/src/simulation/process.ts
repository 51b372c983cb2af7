/**
 * A thread of a page or worker: it may be killed between any two steps, and its fibers (generators) wait for signals,
 * timers and responses as Effect fibers do.
 */
import type { World } from './world.ts'

/** Calls back at most once, unless it is cancelled before. */
export type Await<A> = (resume: (value: A) => void) => () => void

export type Fiber = Generator<Await<never>, void, never>

/** `const value = yield* on(something)` */
export function* on<A>(something: Await<A>): Generator<Await<never>, A, never> {
  return yield something as unknown as Await<never>
}

/** A fiber continues this much later, ms: other steps may come between. */
const CONTINUATION_MS = 0.2

export interface Process {
  readonly name: string
  readonly isAlive: () => boolean
  /** A step of this process. It does not run once the process is dead, and waits while it is frozen. */
  readonly after: (ms: number, label: string, run: () => void) => () => void
  /** @returns stops the fiber */
  readonly start: (label: string, fiber: Fiber) => () => void
  readonly sleep: (ms: number) => Await<void>
  readonly freeze: (ms: number) => void
  readonly kill: () => void
}

/** @param onKill runs once, in the step that kills it */
export const makeProcess = (world: World, name: string, onKill: () => void = () => {}): Process => {
  let isAlive = true
  let frozenUntil = 0

  /** What came due while it was frozen. A browser keeps the order of messages, however often the thread freezes. */
  const held: { readonly label: string; readonly run: () => void }[] = []
  const thaw = () => {
    if (frozenUntil > world.now()) world.after(frozenUntil - world.now(), `${name} thaws`, thaw)
    else for (const { label, run } of held.splice(0)) world.after(0, `${name} ${label}`, run)
  }

  const after = (ms: number, label: string, run: () => void): (() => void) => {
    let isCancelled = false
    const runOrWait = () => {
      if (!isAlive || isCancelled) return
      if (frozenUntil <= world.now()) return run()
      if (held.push({ label, run: runOrWait }) === 1) thaw()
    }
    const cancel = world.after(ms, `${name} ${label}`, runOrWait)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  const start = (label: string, fiber: Fiber) => {
    let isStopped = false
    let cancel: (() => void) | undefined
    const proceed = (value: never) => {
      if (isStopped) return
      const { done, value: next } = fiber.next(value)
      if (done || isStopped) return
      let isResumed = false
      cancel = next((result) => {
        if (isResumed) return
        isResumed = true
        cancel = after(world.random.next() * CONTINUATION_MS, label, () => proceed(result))
      })
    }
    cancel = after(0, label, () => proceed(undefined as never))
    return () => {
      isStopped = true
      cancel?.()
    }
  }

  return {
    name,
    isAlive: () => isAlive,
    after,
    start,
    sleep: (ms) => (resume) => after(ms, 'timer', () => resume()),
    freeze: (ms) => {
      frozenUntil = Math.max(frozenUntil, world.now() + ms)
    },
    kill: () => {
      if (!isAlive) return
      isAlive = false
      world.note(`${name} is killed`)
      onKill()
    },
  }
}

/** The first of two. */
export const race =
  <A, B>(first: Await<A>, second: Await<B>): Await<{ readonly first: A } | { readonly second: B }> =>
  (resume) => {
    let isDecided = false
    let cancelSecond: (() => void) | undefined
    const cancelFirst = first((value) => {
      if (isDecided) return
      isDecided = true
      cancelSecond?.()
      resume({ first: value })
    })
    if (isDecided) return () => {}
    cancelSecond = second((value) => {
      if (isDecided) return
      isDecided = true
      cancelFirst()
      resume({ second: value })
    })
    return () => {
      isDecided = true
      cancelFirst()
      cancelSecond()
    }
  }

/** As `signal.ts`: several wake-ups before the next wait count as one. */
export interface Signal {
  readonly wake: () => void
  readonly wait: Await<void>
}

export const makeSignal = (): Signal => {
  const queue = makeQueue<void>(1)
  return { wake: () => queue.offer(), wait: queue.take }
}

export interface Queue<A> {
  readonly offer: (item: A) => void
  readonly take: Await<A>
}

/** @param capacity the oldest items beyond it are dropped */
export const makeQueue = <A>(capacity = Infinity): Queue<A> => {
  const items: A[] = []
  let waiter: ((item: A) => void) | undefined
  return {
    offer: (item) => {
      if (waiter !== undefined) {
        const resume = waiter
        waiter = undefined
        resume(item)
        return
      }
      items.push(item)
      if (items.length > capacity) items.shift()
    },
    take: (resume) => {
      if (items.length > 0) {
        resume(items.shift()!)
        return () => {}
      }
      waiter = resume
      return () => {
        if (waiter === resume) waiter = undefined
      }
    },
  }
}
