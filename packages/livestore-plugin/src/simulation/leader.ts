/** A leader as `leader/processor.ts` runs it: the same machines, over an in-memory disk and a simulated provider. */
import {
  type BackendPusher,
  afterConfirmationTimeout,
  hasCaughtUp,
  IDLE_BACKEND_PUSHER,
} from '../leader/backend-pusher.ts'
import type { LeaderState, LogChange } from '../leader/machine.ts'
import { compareNumbers, type EventNumber, type NumberedEvent, ROOT } from '../numbers.ts'
import type { LeaderNews } from '../session/machine.ts'
import { applyChange, type Disk, eventsSince, isLevel, isLogged, readState } from './disk.ts'
import type { Machines } from './machines.ts'
import { renumber } from './notation.ts'
import { type Await, type Fiber, makeSignal, on, type Process, race } from './process.ts'
import type { BackendItem, Provider } from './provider.ts'
import type { Settings } from './settings.ts'
import { KILLED, type World } from './world.ts'

/** As in `leader/processor.ts`. */
const BACKEND_PAUSE = { base: 500, max: 10_000 }
const CONFIRMATION_TIMEOUT = 10_000
const CATCH_UP_TIMEOUT = 5_000
/** The processor's fibers end a moment after `restart` has read the databases. */
const RESTART_MS = 1

export interface Snapshot {
  readonly state: readonly NumberedEvent[]
}

/** `end`: the leader ends the stream. */
export type StreamItem = LeaderNews<NumberedEvent> | 'end'

export interface LeaderProcess {
  readonly process: Process
  readonly state: () => LeaderState<NumberedEvent>
  readonly push: (events: readonly NumberedEvent[], respond: (outcome: 'taken' | 'rejected') => void) => void
  readonly pull: (cursor: EventNumber, emit: (item: StreamItem) => void) => () => void
  readonly exportState: (respond: (snapshot: Snapshot) => void) => void
  readonly restart: () => void
}

export interface LeaderOptions {
  readonly world: World
  readonly machines: Machines
  readonly settings: () => Settings
  readonly process: Process
  readonly disk: Disk
  readonly makeProvider: (restart: () => void) => Provider
  /** The disk has changed. */
  readonly onWrite: (before: Disk) => void
}

export const startLeader = (options: LeaderOptions): LeaderProcess => {
  const { world, machines, settings, process, disk } = options
  const queues = new Set<(item: StreamItem) => void>()
  const changed = makeSignal()
  const pageEnded = new Set<() => void>()
  let isPaging = false
  let isReady = false
  const waitsForStart: (() => void)[] = []

  const mayEnd = () => {
    if (!world.random.chance(settings().killedWrites)) return
    world.count('a leader ends in the middle of a write')
    process.kill()
    throw KILLED
  }

  if (!isLevel(disk)) world.count('a torn state is made anew')
  machines.levelState(disk)
  let state = readState(disk)

  const write = (change: LogChange<NumberedEvent>, backendHead: number | undefined) => {
    const before = { ...disk }
    const { rollback, append } = change
    const isRolledBack = append.length === 0 && rollback.length > 0
    const after = applyChange(disk, {
      rollback,
      append,
      ...(backendHead !== undefined && { backendHead }),
      ...(isRolledBack && { generation: change.state.generation }),
    })
    try {
      machines.commitDatabases(
        () => {
          disk.log = after.log
          disk.backendHead = after.backendHead
          disk.generation = after.generation
        },
        () => {
          disk.state = after.state
          disk.undo = after.undo
        },
        mayEnd,
      )
    } finally {
      options.onWrite(before)
    }
    if (world.random.chance(settings().slowWrites)) process.freeze(world.random.int(10, 2_000))
  }

  const commit = (
    change: LogChange<NumberedEvent>,
    news: LeaderNews<NumberedEvent> | undefined,
    backendHead?: number,
  ) => {
    machines.writeAndEmit(
      () => {
        write(change, backendHead)
        ;({ state } = change)
      },
      () => {
        if (news !== undefined) for (const emit of queues) emit(news)
      },
    )
    changed.wake()
  }

  const setPaging = (paging: boolean) => {
    isPaging = paging
    if (paging) return
    for (const resume of pageEnded) resume()
    pageEnded.clear()
  }

  const betweenPages: Await<void> = (resume) => {
    if (!isPaging) {
      resume()
      return () => {}
    }
    pageEnded.add(resume)
    return () => pageEnded.delete(resume)
  }

  const whenReady = (run: () => void) => {
    if (isReady) run()
    else waitsForStart.push(run)
  }

  function* handlePush(events: readonly NumberedEvent[], respond: (outcome: 'taken' | 'rejected') => void): Fiber {
    yield* on(betweenPages)
    const decision = machines.decidePush(state, events, (event) => isLogged(disk, event), renumber)
    if (decision.outcome === 'accepted') commit(decision, machines.newsOf(decision))
    respond(decision.outcome === 'rejected' ? 'rejected' : 'taken')
  }

  const take = (events: readonly NumberedEvent[]) => {
    const decision = machines.decideBackendEvents(state, events, renumber)
    if (decision.outcome === 'known') return
    if (decision.outcome === 'gap') throw new GapError()
    if (decision.outcome === 'rebase') world.count('a leader rebases')
    commit(decision, machines.newsOf(decision), decision.state.backendHead)
  }

  function* pullFromBackend(): Fiber {
    let tries = 0
    while (true) {
      let held: readonly NumberedEvent[] = []
      const stream = provider.pull(state.backendHead)
      try {
        while (true) {
          const { events, isLast }: BackendItem = yield* on(stream.next)
          setPaging(!isLast)
          const pages = machines.takePage(held, { events, isLast }, state.pending.length > 0)
          held = pages.held
          if (held.length > 0) world.count('a page is held')
          if (pages.take.length > 0) take(pages.take)
          tries = 0
        }
      } catch (error) {
        if (!(error instanceof GapError)) throw error
      } finally {
        stream.end()
        setPaging(false)
      }
      yield* on(process.sleep(pause(world, tries++, BACKEND_PAUSE)))
    }
  }

  function* pushToBackend(): Fiber {
    let pusher: BackendPusher = IDLE_BACKEND_PUSHER
    while (true) {
      const { backendHead } = state
      const next = machines.nextBackendAction(pusher, state, settings().backendPushLimit)
      pusher = next.pusher
      if (next.action.type === 'wait') {
        if (!next.action.unconfirmed) yield* on(changed.wait)
        else {
          const woken = yield* on(race(changed.wait, process.sleep(CONFIRMATION_TIMEOUT)))
          if ('second' in woken && state.backendHead === backendHead) {
            pusher = afterConfirmationTimeout(pusher, state)
          }
        }
        continue
      }
      const { batch } = next.action
      const result = yield* on(provider.push(batch))
      const outcome = typeof result === 'string' ? result : drop(result.refused) ? 'refused' : 'failed'
      const after = machines.afterBackendPush(pusher, outcome, batch)
      pusher = after.pusher
      if (outcome === 'server ahead') world.count('another device was first')
      if (after.next === 'catch up') yield* catchUp(batch)
      if (after.next === 'pause') {
        yield* on(race(process.sleep(pause(world, pusher.tries - 1, BACKEND_PAUSE)), provider.becomesConnected))
      }
    }
  }

  const drop = (refused: readonly NumberedEvent[]): boolean => {
    const eventsAfter = (global: number) =>
      disk.log.filter(({ seqNum }) => compareNumbers(seqNum, { ...ROOT, global }) > 0)
    const decision = machines.decideRefusal(state, refused, eventsAfter, renumber)
    if (decision.outcome === 'unknown') return false
    world.count('a refused event is dropped')
    commit(decision, machines.newsOf(decision))
    return true
  }

  function* catchUp(batch: readonly NumberedEvent[]): Generator<Await<never>, void, never> {
    const until = world.now() + CATCH_UP_TIMEOUT
    while (!hasCaughtUp(state, batch) && world.now() < until) {
      yield* on(race(changed.wait, process.sleep(until - world.now())))
    }
  }

  let stops: (() => void)[] = []
  const startFibers = () => {
    stops = [
      process.start('pulls from backend', pullFromBackend()),
      process.start('pushes to backend', pushToBackend()),
    ]
  }

  const restart = () => {
    world.note(`${process.name} restarts`)
    state = readState(disk)
    for (const emit of queues) emit('end')
    queues.clear()
    changed.wake()
    process.after(RESTART_MS, 'fibers start again', () => {
      for (const stop of stops) stop()
      provider.interrupt()
      setPaging(false)
      startFibers()
    })
  }

  const provider = options.makeProvider(restart)
  process.after(world.random.next() * settings().threadDelay, 'is ready', () => {
    isReady = true
    for (const run of waitsForStart.splice(0)) run()
    startFibers()
  })

  return {
    process,
    state: () => state,
    push: (events, respond) => whenReady(() => void process.start('handles a push', handlePush(events, respond))),
    pull: (cursor, emit) => {
      let isEnded = false
      whenReady(() => {
        if (isEnded) return
        const missed = machines.missedNews(eventsSince(disk, cursor))
        if (missed !== undefined) emit(missed)
        queues.add(emit)
      })
      return () => {
        isEnded = true
        queues.delete(emit)
      }
    },
    exportState: (respond) => whenReady(() => respond({ state: disk.state })),
    restart,
  }
}

class GapError extends Error {}

/** As `pause.ts`: doubled each time, with full jitter. */
export const pause = (
  world: World,
  tries: number,
  { base, max }: { readonly base: number; readonly max: number },
): number => Math.min(max, base * 2 ** tries) * world.random.next()
