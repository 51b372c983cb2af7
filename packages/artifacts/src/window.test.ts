import { expect, test } from 'vitest'
import { createWindow } from './window.ts'

test('gives room to calls that wait in their order', async () => {
  const window = createWindow(2)
  const [first, second] = [await window.acquire(), await window.acquire()]
  const passed: string[] = []
  const third = window.acquire().then((release) => (passed.push('third'), release))
  const fourth = window.acquire().then((release) => (passed.push('fourth'), release))
  expect(window.tryAcquire()).toBeUndefined()
  second()
  ;(await third)()
  await fourth
  expect(passed).toEqual(['third', 'fourth'])
  first()
  const free = window.tryAcquire()
  expect(free).toBeDefined()
  expect(window.tryAcquire()).toBeUndefined()
})

test('gives room back once, however often it is released', async () => {
  const window = createWindow(1)
  const release = await window.acquire()
  release()
  release()
  expect(window.tryAcquire()).toBeDefined()
  expect(window.tryAcquire()).toBeUndefined()
})

test('a call that is cancelled while it waits takes no room', async () => {
  const window = createWindow(1)
  const release = await window.acquire()
  const controller = new AbortController()
  const cancelled = window.acquire(controller.signal)
  const next = window.acquire()
  controller.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'aborted' })
  release()
  ;(await next)()
  expect(window.tryAcquire()).toBeDefined()
})

test('a call whose turn comes while it is cancelled gives the room to the next one', async () => {
  const window = createWindow(1)
  const release = await window.acquire()
  const controller = new AbortController()
  const cancelled = window.acquire(controller.signal)
  const next = window.acquire()
  controller.abort()
  release()
  await expect(cancelled).rejects.toMatchObject({ code: 'aborted' })
  ;(await next)()
  expect(window.tryAcquire()).toBeDefined()
})
