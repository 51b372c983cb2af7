import { expect, it } from 'vitest'
import { noteArrival, unlessStalled } from './stall.ts'

/** A clock whose timers (all of 30 s) run by hand. */
const manualClock = () => {
  const timers = new Set<() => void>()
  const setTimer = (callback: () => void) => {
    timers.add(callback)
    return () => void timers.delete(callback)
  }
  const after30s = () => {
    const [timer] = timers
    timers.delete(timer!)
    timer!()
  }
  return { clock: { setTimer, monotonic: () => 0 }, after30s }
}

const waitFor = (what: 'response' | 'bytes') => {
  const { clock, after30s } = manualClock()
  const stop = new AbortController()
  const work = Promise.withResolvers<string>()
  const result = unlessStalled({ clock }, stop, work.promise, what)
  return { clock, after30s, signal: stop.signal, work, result }
}

it.each(['response', 'bytes'] as const)('stops %s that do not come for 30 s', (what) => {
  const { after30s, signal } = waitFor(what)
  after30s()
  expect(signal.reason).toMatchObject({ code: 'storage_unavailable' })
})

it('waits for a response while other downloads get on, and stops it once they do not', async () => {
  const { clock, after30s, signal } = waitFor('response')
  for (let look = 0; look < 5; look++) {
    await unlessStalled({ clock }, new AbortController(), Promise.resolve(), 'bytes')
    after30s()
    expect(signal.aborted).toBe(false)
  }
  after30s()
  expect(signal.aborted).toBe(true)
})

it('stops a response after 5 min, although other downloads get on', () => {
  const { clock, after30s, signal } = waitFor('response')
  for (let look = 1; look < 10; look++) {
    noteArrival({ clock })
    after30s()
  }
  expect(signal.aborted).toBe(false)
  noteArrival({ clock })
  after30s()
  expect(signal.aborted).toBe(true)
})

it('stops a body that stands still, although other downloads get on: it has a connection', () => {
  const { clock, after30s, signal } = waitFor('bytes')
  noteArrival({ clock })
  after30s()
  expect(signal.aborted).toBe(true)
})

it('settles as the work does', async () => {
  const { work, result } = waitFor('response')
  work.resolve('done')
  await expect(result).resolves.toBe('done')
  await expect(unlessStalled({}, new AbortController(), Promise.reject('broken'), 'bytes')).rejects.toBe('broken')
})
