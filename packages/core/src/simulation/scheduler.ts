/**
 * The simulated world's time: whatever takes time is a task that becomes due, and the earliest task is the next step. Its
 * order is decided by the seed alone, since each delay is drawn from the seed when the task is made.
 */

/** A tab, or anything else that can die or stand still. Tasks of the world itself have none. */
export interface Process {
  readonly name: string
  isAlive: boolean
  /** its tasks wait until `thaw` */
  isFrozen: boolean
}

interface Task {
  readonly due: number
  readonly order: number
  readonly name: string
  readonly process: Process | undefined
  readonly run: () => void
}

export interface Scheduler {
  /** ms since the start of the world */
  readonly now: number
  readonly steps: number
  /** of the names and times of all steps: two runs with the same trace took the same steps */
  readonly trace: number
  /** Runs `task` after `ms`, unless it is cancelled or its process dies before. @returns cancel */
  schedule(process: Process | undefined, name: string, ms: number, task: () => void): () => void
  /** Resolves after `ms`; never, when the process dies before. */
  sleep(process: Process | undefined, name: string, ms: number): Promise<void>
  /** Adds a line to the trace. */
  note(text: string): void
  /** Gives a frozen process its tasks back. */
  thaw(process: Process): void
  /** Waits until nobody has anything to do, then runs the earliest task. @returns false when there is none */
  step(): Promise<boolean>
  /** Waits until nobody has anything to do, and blocked work has ended. */
  settle(): Promise<void>
  /**
   * Runs work that waits for threads, such as WebCrypto's, whose order no seed decides: nothing else runs until it has ended, so
   * that it is part of the step that asked for it. Must not wait for a task.
   */
  block<A>(work: () => Promise<A>): Promise<A>
}

/** Turns of Node's event loop in which everything that does not wait for a task comes to rest; blobs need several. */
const TURNS = 4

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export const makeScheduler = (log?: (line: string) => void): Scheduler => {
  const tasks = makeHeap<Task>((a, b) => a.due - b.due || a.order - b.order)
  const cancelled = new Set<number>()
  const held = new Map<Process, Task[]>()
  let [now, order, steps, trace] = [0, 0, 0, 0x811c9dc5]

  const note = (name: string) => {
    const text = `${now.toFixed(3)} ${name}`
    for (let i = 0; i < text.length; i++) trace = Math.imul(trace ^ text.charCodeAt(i), 0x01000193)
    log?.(text)
  }
  const blocked: (() => Promise<unknown>)[] = []
  const settle = async () => {
    for (;;) {
      for (let i = 0; i < TURNS; i++) await turn()
      const work = blocked.shift()
      if (!work) return
      // Whoever asked for it gets the error.
      await work().catch(() => {})
    }
  }
  const schedule: Scheduler['schedule'] = (process, name, ms, run) => {
    const task = { due: now + Math.max(0, ms), order: order++, name, process, run }
    tasks.push(task)
    return () => void cancelled.add(task.order)
  }

  return {
    get now() {
      return now
    },
    get steps() {
      return steps
    },
    get trace() {
      return trace >>> 0
    },
    schedule,
    note,
    sleep: (process, name, ms) => new Promise((resolve) => void schedule(process, name, ms, resolve)),
    thaw(process) {
      process.isFrozen = false
      for (const task of held.get(process) ?? []) tasks.push({ ...task, due: Math.max(now, task.due) })
      held.delete(process)
    },
    settle,
    block: (work) =>
      new Promise((resolve, reject) => {
        blocked.push(() => {
          const ended = work()
          ended.then(resolve, reject)
          return ended
        })
      }),
    async step() {
      await settle()
      for (;;) {
        const task = tasks.pop()
        if (!task) return false
        const { process } = task
        if (cancelled.delete(task.order) || process?.isAlive === false) continue
        if (process?.isFrozen) {
          held.set(process, [...(held.get(process) ?? []), task])
          continue
        }
        now = task.due
        steps++
        note(process ? `${process.name} ${task.name}` : task.name)
        task.run()
        return true
      }
    },
  }
}

interface Heap<A> {
  push(item: A): void
  pop(): A | undefined
}

const makeHeap = <A>(compare: (a: A, b: A) => number): Heap<A> => {
  const items: A[] = []
  const swap = (i: number, j: number) => ([items[i], items[j]] = [items[j]!, items[i]!])
  return {
    push(item) {
      let i = items.push(item) - 1
      for (let parent = (i - 1) >> 1; i > 0 && compare(items[i]!, items[parent]!) < 0; parent = (i - 1) >> 1) {
        swap(i, parent)
        i = parent
      }
    },
    pop() {
      const first = items[0]
      const last = items.pop()
      if (items.length > 0) {
        items[0] = last!
        for (let i = 0; ;) {
          const [left, right] = [2 * i + 1, 2 * i + 2]
          let least = i
          if (left < items.length && compare(items[left]!, items[least]!) < 0) least = left
          if (right < items.length && compare(items[right]!, items[least]!) < 0) least = right
          if (least === i) break
          swap(i, least)
          i = least
        }
      }
      return first
    },
  }
}
