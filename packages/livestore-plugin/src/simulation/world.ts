/**
 * Virtual time: steps wait in a queue, and the earliest runs next. All delays come from the seed, so the seed decides every
 * order in which steps of tabs, leaders and the server interleave.
 */
import { makeRandom, type Random } from '@rockpool/core/simulation'

interface Step {
  readonly at: number
  readonly order: number
  readonly label: string
  readonly run: () => void
  isCancelled: boolean
}

const HAPPENINGS = [
  'a push to the leader is not answered',
  'a tab starts over',
  'a tab that starts over has events in the log',
  'a leader rebases',
  'a leader ends in the middle of a write',
  'a torn state is made anew',
  'a page is held',
  'another device was first',
  'a request arrives too late',
  'a refused event is dropped',
  'an intruder takes the id of a commit',
  'an intruder sends the event of a device first',
] as const

/** A test checks that each of these happens. */
export type Happening = (typeof HAPPENINGS)[number]

export interface World {
  readonly random: Random
  /** ms */
  readonly now: () => number
  /** @returns cancels it */
  readonly after: (ms: number, label: string, run: () => void) => () => void
  /** Runs the next step. @returns false when there is none */
  readonly step: () => boolean
  readonly steps: () => number
  /** of all steps so far */
  readonly hash: () => number
  readonly onEnd: (release: () => void) => void
  readonly end: () => void
  /** Something happened that a simulation is for. */
  readonly count: (what: Happening) => void
  readonly counts: () => Readonly<Record<Happening, number>>
  /** Ends the simulation: something broke a rule. */
  readonly fail: (problem: string) => void
  readonly failure: () => string | undefined
  /** Part of the trace and of the hash. */
  readonly note: (text: string) => void
}

/** Thrown out of a step whose process ends in the middle of it. */
export const KILLED = Symbol('killed')

export const makeWorld = (seed: number, log?: (line: string) => void): World => {
  const random = makeRandom(seed)
  const heap: Step[] = []
  const releases: (() => void)[] = []
  let now = 0
  let order = 0
  let steps = 0
  let hash = 0x811c9dc5
  const counts = Object.fromEntries(HAPPENINGS.map((what) => [what, 0])) as Record<Happening, number>
  let failure: string | undefined

  const note = (text: string) => {
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    log?.(`${now.toFixed(2).padStart(10)}  ${text}`)
  }

  return {
    random,
    now: () => now,
    after: (ms, label, run) => {
      const step: Step = { at: now + ms, order: order++, label, run, isCancelled: false }
      push(heap, step)
      return () => {
        step.isCancelled = true
      }
    },
    step: () => {
      let step = pop(heap)
      while (step?.isCancelled) step = pop(heap)
      if (step === undefined) return false
      now = step.at
      steps++
      hash = Math.imul(hash ^ Math.floor(now * 1_000), 0x01000193)
      note(step.label)
      try {
        step.run()
      } catch (error) {
        if (error !== KILLED) failure ??= error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      }
      return true
    },
    steps: () => steps,
    hash: () => hash >>> 0,
    note,
    onEnd: (release) => void releases.push(release),
    end: () => {
      for (const release of releases) release()
    },
    count: (what) => {
      counts[what]++
    },
    counts: () => counts,
    fail: (problem) => {
      failure ??= problem
    },
    failure: () => failure,
  }
}

const isBefore = (a: Step, b: Step): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

const push = (heap: Step[], step: Step): void => {
  let index = heap.push(step) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(step, heap[parent]!)) break
    heap[index] = heap[parent]!
    index = parent
  }
  heap[index] = step
}

const pop = (heap: Step[]): Step | undefined => {
  const first = heap[0]
  const last = heap.pop()
  if (heap.length === 0 || last === undefined) return first
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[index] = heap[child]!
    index = child
  }
  heap[index] = last
  return first
}
