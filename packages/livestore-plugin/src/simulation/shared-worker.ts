/**
 * The way between tabs and the leader. The shared worker sends a request whose leader ended to the next leader, and ends the
 * tabs' streams when the next leader is there (`fixes.ts`, and `make-shared-worker.js` of LiveStore 0.4.0).
 */
import type { EventNumber, NumberedEvent } from '../numbers.ts'
import type { LeaderProcess, Snapshot, StreamItem } from './leader.ts'
import type { Machines } from './machines.ts'
import { type Await, makeQueue, type Process } from './process.ts'
import type { Settings } from './settings.ts'
import type { World } from './world.ts'

export interface LeaderStream {
  readonly next: Await<StreamItem>
  readonly end: () => void
}

/** What a tab has of the leader. */
export interface Port {
  readonly push: (batch: readonly NumberedEvent[]) => Await<'taken' | 'rejected'>
  readonly exportState: Await<Snapshot>
  readonly pull: (cursor: EventNumber) => LeaderStream
}

export interface SharedWorker {
  readonly connect: (tab: Process) => Port
  readonly setLeader: (leader: LeaderProcess) => void
}

interface Request {
  readonly send: (leader: LeaderProcess) => void
}

export const makeSharedWorker = (world: World, machines: Machines, settings: () => Settings): SharedWorker => {
  let leader: LeaderProcess | undefined
  const requests = new Set<Request>()
  const endStreams = new Set<() => void>()

  /** Messages of one channel arrive in order. */
  const makeChannel = () => {
    let lastAt = 0
    return (receiver: Process | undefined, label: string, run: () => void) => {
      const { random } = world
      const usual = settings().threadDelay
      const delay = random.next() * (random.chance(0.05) ? usual * 10 : usual)
      const at = Math.max(lastAt + 0.001, world.now() + delay)
      lastAt = at
      if (receiver === undefined) world.after(at - world.now(), label, run)
      else receiver.after(at - world.now(), label, run)
    }
  }

  const open = (request: Request) => {
    requests.add(request)
    if (leader !== undefined) request.send(leader)
  }

  const connect = (tab: Process): Port => {
    const [toWorker, toTab, newsToTab] = [makeChannel(), makeChannel(), makeChannel()]
    let [toLeader, fromLeader] = [makeChannel(), makeChannel()]
    let ofLeader: LeaderProcess | undefined
    const channelsOf = (current: LeaderProcess) => {
      if (ofLeader !== current) [toLeader, fromLeader] = [makeChannel(), makeChannel()]
      ofLeader = current
      return { toLeader, fromLeader }
    }

    const request =
      <A>(label: string, handle: (leader: LeaderProcess, respond: (answer: A) => void) => void): Await<A> =>
      (resume) => {
        let isCancelled = false
        const own: Request = {
          send: (current) => {
            const { toLeader, fromLeader } = channelsOf(current)
            toLeader(current.process, `gets ${label} of ${tab.name}`, () =>
              handle(current, (answer) =>
                fromLeader(undefined, `${label} is answered for ${tab.name}`, () => {
                  if (!requests.delete(own)) return
                  toTab(tab, `gets the answer to ${label}`, () => {
                    if (!isCancelled) resume(answer)
                  })
                }),
              ),
            )
          },
        }
        toWorker(undefined, `${tab.name} asks for ${label}`, () => open(own))
        return () => {
          isCancelled = true
          // An interruption is a message too: what has been sent to the leader is handled there.
          if (world.random.chance(0.5)) toWorker(undefined, `${tab.name} gives ${label} up`, () => requests.delete(own))
        }
      }

    return {
      push: (batch) => request('a push', (current, respond) => current.push(batch, respond)),
      exportState: request<Snapshot>('an export', (current, respond) => current.exportState(respond)),
      pull: (cursor) => {
        const queue = makeQueue<StreamItem>()
        let isEnded = false
        let endAtLeader = () => {}
        let isOver = false
        const emit = (item: StreamItem) => {
          if (isOver || !tab.isAlive()) return
          if (item === 'end') over()
          newsToTab(tab, item === 'end' ? 'stream ends' : `gets ${item._tag}`, () => {
            if (!isEnded) queue.offer(item)
          })
        }
        const end = () => emit('end')
        const over = () => {
          isOver = true
          endStreams.delete(end)
          requests.delete(own)
        }
        const own: Request = {
          send: (current) => {
            requests.delete(own)
            endStreams.add(end)
            const { toLeader, fromLeader } = channelsOf(current)
            toLeader(current.process, `gets a pull of ${tab.name}`, () => {
              if (isOver) return
              endAtLeader = current.pull(cursor, (item) =>
                fromLeader(undefined, `news for ${tab.name}`, () => emit(item)),
              )
            })
          },
        }
        toWorker(undefined, `${tab.name} pulls`, () => {
          if (!isOver) open(own)
        })
        return {
          next: queue.take,
          end: () => {
            isEnded = true
            toWorker(undefined, `${tab.name} ends a pull`, () => {
              over()
              endAtLeader()
            })
          },
        }
      },
    }
  }

  return {
    connect,
    setLeader: (next) => {
      leader = next
      const outstanding = [...requests]
      if (!machines.resendsToNextLeader) requests.clear()
      for (const end of endStreams) end()
      for (const request of outstanding) if (requests.has(request)) request.send(next)
    },
  }
}
