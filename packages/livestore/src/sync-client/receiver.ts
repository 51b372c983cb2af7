/**
 * The funnel of LiveStore's current pull, and the time of its last progress. Each input is one synchronous step: the state
 * and the queue to LiveStore change together.
 */
import { type Emission, type Funnel, type Message, needsPull, pullSince, startFunnel, step } from './funnel.ts'
import type { SyncEvent } from './wire.ts'

export interface PullOutlet {
  readonly emit: (emission: Emission<SyncEvent>) => void
  /** The server has another log. */
  readonly foreign: (expected: string, received: string) => void
}

/** A running pull of LiveStore. */
export interface Pull {
  /** LiveStore requests the next item, so it has processed the earlier ones. */
  readonly ready: () => void
  /** LiveStore has the next `count` emissions. */
  readonly delivered: (count: number) => void
  readonly end: () => void
}

export interface Receiver {
  /** Replaces the pull before it. */
  readonly begin: (cursor: number, outlet: PullOutlet) => Pull
  readonly receive: (input: Message<SyncEvent> | 'pull_failed') => void
  /** LiveStore pushes events up to this number. */
  readonly pushed: (seqNum: number) => void
  /** These pushed events will get other numbers, or none. */
  readonly pushDropped: () => void
  readonly view: () => ReceiverView
}

export interface ReceiverView {
  /** of the current pull, or of the last one */
  readonly funnel: Funnel<SyncEvent> | undefined
  readonly isRunning: boolean
  readonly needsPull: boolean
  readonly pullSince: number
  readonly knownHead: number
  /** LiveStore has processed every emission */
  readonly isDrained: boolean
  readonly pullEndedAt: number | undefined
  readonly behindSince: number | undefined
  readonly unconfirmedSince: number | undefined
}

interface Running {
  readonly outlet: PullOutlet
  funnel: Funnel<SyncEvent>
  /** number of the last event in each emission that LiveStore has not processed */
  readonly pending: number[]
  /** how many of `pending` LiveStore has */
  deliveredCount: number
  processed: number
}

export interface ReceiverOptions {
  readonly backendId: string | undefined
  /** a monotonic clock, ms */
  readonly now: () => number
  readonly onChange: () => void
}

export const makeReceiver = (options: ReceiverOptions): Receiver => {
  const { now, onChange } = options
  let { backendId } = options
  let running: Running | undefined
  let lastFunnel: Funnel<SyncEvent> | undefined
  let pullEndedAt: number | undefined
  let behindSince: number | undefined
  let pushedUpTo = 0
  let unconfirmedSince: number | undefined

  /** @param progressed LiveStore has processed something */
  const updateTimes = (progressed: boolean) => {
    if (running === undefined) behindSince = undefined
    else {
      const isBehind = running.funnel.head > running.processed
      if (!isBehind || progressed) behindSince = undefined
      if (isBehind) behindSince ??= now()
      if (running.funnel.emitted >= pushedUpTo) unconfirmedSince = undefined
    }
    onChange()
  }

  return {
    begin: (cursor, outlet) => {
      const pull: Running = {
        outlet,
        funnel: startFunnel(cursor, backendId),
        pending: [],
        deliveredCount: 0,
        processed: cursor,
      }
      running = pull
      pullEndedAt = undefined
      updateTimes(true)
      return {
        ready: () => {
          if (pull.deliveredCount === 0) return
          pull.processed = Math.max(pull.processed, ...pull.pending.splice(0, pull.deliveredCount))
          pull.deliveredCount = 0
          if (running === pull) updateTimes(true)
        },
        delivered: (count) => {
          pull.deliveredCount = count
        },
        end: () => {
          if (running !== pull) return
          lastFunnel = pull.funnel
          running = undefined
          pullEndedAt = now()
          updateTimes(false)
        },
      }
    },
    receive: (input) => {
      if (running === undefined) return
      const pull = running
      const { funnel, emissions } = step(pull.funnel, input)
      pull.funnel = funnel
      backendId ??= funnel.backendId
      for (const emission of emissions) {
        pull.pending.push(emission.events.at(-1)?.seqNum ?? 0)
        pull.outlet.emit(emission)
      }
      if (funnel.name === 'foreign' && input !== 'pull_failed') {
        pull.outlet.foreign(funnel.backendId ?? '', input.backendId)
      }
      updateTimes(false)
    },
    pushed: (seqNum) => {
      pushedUpTo = Math.max(pushedUpTo, seqNum)
      if (running === undefined || running.funnel.emitted < pushedUpTo) unconfirmedSince ??= now()
    },
    pushDropped: () => {
      pushedUpTo = 0
      unconfirmedSince = undefined
    },
    view: () => ({
      funnel: running?.funnel ?? lastFunnel,
      isRunning: running !== undefined,
      needsPull: running !== undefined && needsPull(running.funnel),
      pullSince: running === undefined ? 0 : pullSince(running.funnel),
      knownHead: running?.funnel.head ?? 0,
      isDrained: running === undefined || running.pending.length === 0,
      pullEndedAt,
      behindSince,
      unconfirmedSince,
    }),
  }
}
