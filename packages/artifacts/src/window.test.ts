import { expect, test } from 'vitest'
import { createWindow } from './window.ts'

test('has room for so many, then for those that wait, in their order', async () => {
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
