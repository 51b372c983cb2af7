/** A tab as `session/processor.ts` runs it: the same machines, over a list of applied events and a simulated port. */
import { type EventNumber, nextNumber, type NumberedEvent, ROOT } from '../numbers.ts'
import { afterCommit, type LeaderNews, localHead, type SessionState } from '../session/machine.ts'
import { IDLE_PUSHER, type Pusher, type PushOutcome } from '../session/pusher.ts'
import { replaceEnd } from './disk.ts'
import { COMMITTED_NAME, REFUSED_NAME } from './server.ts'
import { pause, type StreamItem } from './leader.ts'
import type { Machines } from './machines.ts'
import { renumber } from './notation.ts'
import { type Fiber, makeSignal, on, type Process, race } from './process.ts'
import type { Settings } from './settings.ts'
import type { Port } from './shared-worker.ts'
import type { World } from './world.ts'

/** As in `session/processor.ts`. */
const PUSH_PAUSE = { base: 50, max: 5_000 }
const PULL_PAUSE = { base: 20, max: 2_000 }

export interface Commit {
  readonly id: string
  /** grows with each commit of all tabs */
  readonly index: number
  readonly clientOnly: boolean
  readonly refused: boolean
}

export interface TabProcess {
  readonly process: Process
  /** undefined until the tab has the state of a leader */
  readonly state: () => SessionState<NumberedEvent> | undefined
  readonly database: () => readonly NumberedEvent[]
  /** @returns false while the tab opens */
  readonly commit: (commits: readonly Commit[]) => boolean
}

export interface TabOptions {
  readonly world: World
  readonly machines: Machines
  readonly settings: () => Settings
  readonly process: Process
  readonly port: Port
  readonly clientId: string
  readonly sessionId: string
}

export const startTab = (options: TabOptions): TabProcess => {
  const { world, machines, settings, process, port, clientId } = options
  const nextId = machines.commitIds(options.sessionId, () => world.random.int(0, 36 ** 6).toString(36))
  const [pushSignal, pullAgain] = [makeSignal(), makeSignal()]
  let state: SessionState<NumberedEvent> | undefined
  let database: readonly NumberedEvent[] = []
  let resetWanted = false
  let newsCount = 0

  const headOf = (snapshot: readonly NumberedEvent[]): EventNumber => snapshot.at(-1)?.seqNum ?? ROOT

  /** @returns whether to continue with this stream */
  const take = (news: LeaderNews<NumberedEvent>): boolean => {
    const decision = machines.decideNews(state!, news, renumber)
    if (decision.outcome === 'reset') {
      resetWanted = true
      pushSignal.wake()
      return false
    }
    if (decision.outcome === 'pull again') return false
    const install = () => {
      newsCount++
      database = replaceEnd(`the database of ${process.name}`, database, decision.rollback, decision.apply)
      state = decision.state
      pushSignal.wake()
    }
    machines.takeNews(install, (run) => void process.after(world.random.next(), 'takes the rest of the news', run))
    return true
  }

  function* pullFromLeader(): Fiber {
    let tries = 0
    while (true) {
      state = machines.pushAgain(state!)
      pushSignal.wake()
      const stream = port.pull(state.leaderHead)
      while (true) {
        const next: { readonly first: StreamItem } | { readonly second: void } = yield* on(
          race(stream.next, pullAgain.wait),
        )
        if ('second' in next || next.first === 'end') break
        tries = 0
        if (!take(next.first)) break
      }
      stream.end()
      if (resetWanted) yield* on(pullAgain.wait)
      else yield* on(process.sleep(pause(world, tries++, PULL_PAUSE)))
    }
  }

  function* pushToLeader(): Fiber {
    let pusher: Pusher<NumberedEvent> = IDLE_PUSHER
    while (true) {
      const action = machines.nextAction(pusher, { session: state!, resetWanted, limit: settings().tabPushLimit })
      if (action.type === 'wait') {
        const news = newsCount
        if (state!.sent === 0) yield* on(pushSignal.wait)
        else {
          const woken = yield* on(race(pushSignal.wait, process.sleep(machines.newsTimeout)))
          if ('second' in woken && newsCount === news) state = machines.pushAgain(state!)
        }
        continue
      }
      if (action.type === 'start over') {
        const snapshot = yield* on(port.exportState)
        world.count('a tab starts over')
        if (state!.sent > 0) world.count('a tab that starts over has events in the log')
        database = snapshot.state
        state = machines.afterReset(state!, headOf(database), renumber)
        database = [...database, ...state.pending]
        resetWanted = false
        newsCount++
        pullAgain.wake()
        continue
      }
      const { batch } = action
      const response = yield* on(race(port.push(batch), process.sleep(machines.answerTimeout)))
      const outcome: PushOutcome = 'first' in response ? response.first : 'unanswered'
      if (outcome === 'unanswered') world.count('a push to the leader is not answered')
      if (outcome === 'taken') state = machines.afterPush(state!, batch)
      const after = machines.afterOutcome(pusher, outcome, batch, newsCount)
      pusher = after.pusher
      if (!after.pause) continue
      yield* on(race(process.sleep(pause(world, pusher.tries - 1, PUSH_PAUSE)), pushSignal.wait))
      const paused = machines.afterPause(pusher, newsCount)
      pusher = paused.pusher
      if (paused.pullAgain) pullAgain.wake()
    }
  }

  function* open(): Fiber {
    const snapshot = yield* on(port.exportState)
    database = snapshot.state
    state = { leaderHead: headOf(database), pending: [], sent: 0 }
    process.start('pulls', pullFromLeader())
    process.start('pushes', pushToLeader())
  }
  process.start('opens', open())

  return {
    process,
    state: () => state,
    database: () => database,
    commit: (commits) => {
      if (state === undefined) return false
      let head = localHead(state)
      const events = commits.map(({ id, index, clientOnly, refused }): NumberedEvent => {
        const numbers = nextNumber(head, clientOnly)
        head = numbers.seqNum
        return {
          name: refused ? REFUSED_NAME : COMMITTED_NAME,
          args: { id, index },
          clientId,
          sessionId: nextId(),
          ...numbers,
        }
      })
      database = [...database, ...events]
      state = afterCommit(state, events)
      pushSignal.wake()
      return true
    },
  }
}
