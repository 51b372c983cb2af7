import { testClock } from '@rockpool/sync-server/testing'
import { beforeEach, expect, test } from 'vitest'
import { createFairQueue, type FairQueue, type Ticket } from './fair-queue.ts'

const RULES = { perCaller: 2, maxWaiting: 3, maxWaitMs: 30_000 }

let clock: ReturnType<typeof testClock>
let queue: FairQueue
let order: string[]
let waiting: number
beforeEach(() => {
  clock = testClock()
  order = []
  waiting = 0
  queue = createFairQueue(clock, (calls) => (waiting = calls), RULES)
})

const enter = (caller: string, name: string): Ticket =>
  queue.enter(caller, { start: () => order.push(name), refuse: () => order.push(`${name} refused`) })

test('a caller who floods waits for itself, and others start immediately', () => {
  for (const name of ['f1', 'f2', 'f3', 'f4', 'f5']) enter('flooder', name)
  enter('ada', 'a1')
  expect(order).toEqual(['f1', 'f2', 'a1'])
})

test('a slot that is free goes to the call that waits longest', () => {
  const [first] = ['f1', 'f2', 'f3', 'f4'].map((name) => enter('flooder', name))
  first!.leave()
  first!.leave()
  expect(order).toEqual(['f1', 'f2', 'f3'])
})

test('refuses what finds the queue full, and what has waited too long', () => {
  for (const name of ['f1', 'f2', 'f3', 'f4', 'f5']) enter('flooder', name)
  enter('flooder', 'f6')
  expect([order, waiting]).toEqual([['f1', 'f2', 'f6 refused'], 3])
  clock.advance(RULES.maxWaitMs)
  expect([order.slice(3), waiting]).toEqual([['f3 refused', 'f4 refused', 'f5 refused'], 0])
})

test('a client that leaves while it waits takes no slot', () => {
  const [first, , third] = ['f1', 'f2', 'f3', 'f4'].map((name) => enter('flooder', name))
  third!.leave()
  first!.leave()
  expect([order, waiting]).toEqual([['f1', 'f2', 'f4'], 0])
  clock.advance(RULES.maxWaitMs)
  expect(order).toHaveLength(3)
})

test('a slot can be kept for a while, which slows its caller down, and no other', () => {
  const [first] = ['f1', 'f2', 'f3'].map((name) => enter('flooder', name))
  first!.leave(1_000)
  enter('ada', 'a1')
  clock.advance(999)
  expect(order).toEqual(['f1', 'f2', 'a1'])
  clock.advance(1)
  expect(order).toEqual(['f1', 'f2', 'a1', 'f3'])
})

test('forgets callers without calls, and keeps no timers', () => {
  const tickets = ['f1', 'f2', 'f3'].map((name) => enter('flooder', name))
  for (const ticket of tickets) ticket.leave()
  expect(clock.timers).toBe(0)
  for (const name of ['g1', 'g2', 'g3']) enter('flooder', name)
  expect(order).toEqual(['f1', 'f2', 'f3', 'g1', 'g2'])
})
