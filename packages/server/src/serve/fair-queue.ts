/** Calls by turns: a caller who floods the server delays only its own calls. */
import type { Clock } from '@rockpool/sync-server'

export interface FairQueue {
  /** Starts a call now, or when its caller has a slot. Takes one callback of `call`, unless the ticket is left before. */
  enter(caller: string, call: QueuedCall): Ticket
}

export interface QueuedCall {
  start(): void
  /** It would wait too long. */
  refuse(): void
}

export interface Ticket {
  /** The call has ended, or its client has left. @param afterMs keeps the slot for so long */
  leave(afterMs?: number): void
}

export interface FairQueueRules {
  /** calls of one caller at a time */
  readonly perCaller: number
  /** calls of one caller that wait; more are refused immediately */
  readonly maxWaiting: number
  /** ms after which a call that waits is refused */
  readonly maxWaitMs: number
}

/**
 * As many as the connections of a browser to one host: most callers never wait. 30 s is what clients wait for a response.
 */
export const FAIR_QUEUE_RULES: FairQueueRules = { perCaller: 6, maxWaiting: 1_000, maxWaitMs: 30_000 }

interface Caller {
  running: number
  /** first come, first served */
  readonly waiting: Set<() => void>
}

/**
 * There is no limit for all callers together: most calls wait for a disk or S3, and a few slow ones must not keep the others out.
 *
 * @param onWaiting gets the number of calls that wait, of all callers, when it has changed
 */
export const createFairQueue = (
  clock: Clock,
  onWaiting: (calls: number) => void = () => {},
  { perCaller, maxWaiting, maxWaitMs }: FairQueueRules = FAIR_QUEUE_RULES,
): FairQueue => {
  const callers = new Map<string, Caller>()
  let waiting = 0
  const count = (change: 1 | -1) => onWaiting((waiting += change))

  const release = (name: string, caller: Caller) => {
    const [next] = caller.waiting
    if (next) next()
    else if (--caller.running === 0) callers.delete(name)
  }

  const run = (name: string, caller: Caller, { start }: QueuedCall): Ticket => {
    let isLeft = false
    start()
    return {
      leave: (afterMs = 0) => {
        if (isLeft) return
        isLeft = true
        if (afterMs > 0) clock.setTimer(() => release(name, caller), afterMs)
        else release(name, caller)
      },
    }
  }

  const wait = (name: string, caller: Caller, call: QueuedCall): Ticket => {
    let running: Ticket | undefined
    const turn = () => {
      stopWaiting()
      running = run(name, caller, call)
    }
    const stopWaiting = () => {
      if (!caller.waiting.delete(turn)) return
      cancelTimer()
      count(-1)
    }
    const cancelTimer = clock.setTimer(() => {
      stopWaiting()
      call.refuse()
    }, maxWaitMs)
    caller.waiting.add(turn)
    count(1)
    return { leave: (afterMs) => (running ? running.leave(afterMs) : stopWaiting()) }
  }

  return {
    enter: (name, call) => {
      const caller = callers.get(name) ?? { running: 0, waiting: new Set() }
      callers.set(name, caller)
      if (caller.running < perCaller) {
        caller.running++
        return run(name, caller, call)
      }
      if (caller.waiting.size < maxWaiting) return wait(name, caller, call)
      call.refuse()
      return { leave: () => {} }
    },
  }
}
