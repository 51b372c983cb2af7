import { describe, expect, test } from 'vitest'
import { abortable, withDeadline } from './promises.ts'

const never = new Promise<never>(() => {})

describe('abortable', () => {
  test('ends as the promise does', async () => {
    const { signal } = new AbortController()
    expect(await abortable(Promise.resolve(1), signal)).toBe(1)
    await expect(abortable(Promise.reject(new Error('own')), signal)).rejects.toThrow('own')
  })

  test('rejects with the reason of the signal, aborted before or after', async () => {
    const reason = new Error('enough')
    await expect(abortable(never, AbortSignal.abort(reason))).rejects.toBe(reason)
    const stop = new AbortController()
    const waiting = abortable(never, stop.signal)
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
})

describe('withDeadline', () => {
  /** A clock whose only timer a test fires. */
  const manual = () => {
    const timers = new Map<() => void, number>()
    const setTimer = (callback: () => void, ms: number) => {
      timers.set(callback, ms)
      return () => void timers.delete(callback)
    }
    return { timers, clock: { setTimer }, fire: () => [...timers.keys()].forEach((callback) => callback()) }
  }

  test('ends as the promise does, and cancels its timer', async () => {
    const { clock, timers } = manual()
    const late = () => expect.unreachable()
    const waiting = withDeadline(clock, 5, Promise.resolve(1), late)
    expect([...timers.values()]).toEqual([5])
    expect(await waiting).toBe(1)
    await expect(withDeadline(clock, 5, Promise.reject(new Error('own')), late)).rejects.toThrow('own')
    expect(timers.size).toBe(0)
  })

  test('calls onLate, which stops the work', async () => {
    const { clock, fire } = manual()
    const stop = new AbortController()
    const waiting = withDeadline(clock, 5, abortable(never, stop.signal), () => stop.abort(new Error('late')))
    fire()
    await expect(waiting).rejects.toThrow('late')
  })
})
