import { Effect, Exit, Scope } from 'effect'
import { expect, test } from 'vitest'
import { testPlatform } from '../testing/test-platform.ts'
import { memoryDevice, memoryWorld } from '../testing/memory-device.ts'
import { promise, run } from '../testing/test-effects.ts'
import { coalesced } from './coalesced.ts'
import { Platform } from './services.ts'

/** Timers that fire when the test says so. */
const manualTimers = () => {
  const timers = new Map<() => void, number>()
  const setTimer = (callback: () => void, ms: number) => {
    timers.set(callback, ms)
    return () => void timers.delete(callback)
  }
  /** @param ms of the timers that fire; all of them when not given */
  const fire = (ms?: number) => {
    const due = [...timers].filter(([, after]) => ms === undefined || after === ms)
    for (const [callback] of due) timers.delete(callback)
    for (const [callback] of due) callback()
  }
  return { platform: { ...testPlatform, clock: { ...testPlatform.clock, setTimer } }, fire, timers }
}

const opened = () => {
  const { platform, fire, timers } = manualTimers()
  const scope = Effect.runSync(Scope.make())
  let changed: () => void = () => expect.fail('Nobody listens.')
  let isSubscribed = true
  const listeners = Effect.runSync(
    coalesced((fn) => [((changed = fn), () => void (isSubscribed = false))], 100).pipe(
      Effect.provideService(Platform, platform),
      Scope.extend(scope),
    ),
  )
  const heard: string[] = []
  listeners.add(() => void heard.push('change'))
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  return { change: () => changed(), fire, heard, close, timers, isSubscribed: () => isSubscribed }
}

test('the first change is heard at once', () => {
  const { change, heard } = opened()
  change()
  expect(heard).toHaveLength(1)
})

test('changes within the interval are heard once, at its end', () => {
  const { change, heard, fire } = opened()
  for (let i = 0; i < 1_000; i++) change()
  expect(heard).toHaveLength(1)
  fire()
  expect(heard).toHaveLength(2)
  fire()
  expect(heard).toHaveLength(2)
})

test('a change after a quiet interval is heard at once', () => {
  const { change, heard, fire } = opened()
  change()
  fire()
  change()
  expect(heard).toHaveLength(2)
})

test('a change that a listener makes is heard at the end of the interval, not within the call', () => {
  const { change, heard, fire } = opened()
  change()
  change()
  fire()
  change()
  expect(heard).toHaveLength(2)
  fire()
  expect(heard).toHaveLength(3)
})

test('nothing is left when the scope closes', async () => {
  const { change, close, timers, isSubscribed } = opened()
  change()
  change()
  await close()
  expect(timers.size).toBe(0)
  expect(isSubscribed()).toBe(false)
})

test('a pool tells of its transfers 10 times a second, however many there are', () =>
  run(
    Effect.gen(function* () {
      const { platform, fire } = manualTimers()
      const pool = yield* memoryDevice(memoryWorld(), 'a').open({ platform })
      fire(100)
      let told = 0
      pool.transfers.subscribe(() => told++)
      yield* promise(() => Promise.all([1, 2, 3, 4, 5].map((n) => pool.add(new Blob([`reef ${n}`])))))
      expect(told).toBe(1)
      fire(100)
      expect(told).toBe(2)
    }),
  ))
