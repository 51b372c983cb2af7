import { expect, test } from 'vitest'
import { makeProcess } from './process.ts'
import { makeWorld } from './world.ts'

test('a thread that freezes again gets its messages in their order', () => {
  const world = makeWorld(1)
  const thread = makeProcess(world, 'thread')
  const seen: string[] = []
  const receive = (at: number, message: string) => thread.after(at, message, () => void seen.push(message))
  thread.freeze(10)
  receive(5, 'first')
  world.after(6, 'freezes again', () => thread.freeze(20))
  receive(7, 'second')
  const third = receive(16, 'third')
  world.after(17, 'cancels', third)
  receive(30, 'fourth')
  while (world.step());
  expect(seen).toEqual(['first', 'second', 'fourth'])
})
