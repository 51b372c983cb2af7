import { expect, test } from 'vitest'
import { closeAll } from './close-all.ts'

const failing = (message: string) => () => Promise.reject(new Error(message))

test('closes all in the reverse order, also when one fails', async () => {
  const closed: string[] = []
  const closing = [
    async () => void closed.push('first'),
    failing('The disk is gone.'),
    async () => void closed.push('last'),
  ]
  await expect(closeAll(closing)).rejects.toThrow(/^The disk is gone\.$/)
  expect(closed).toEqual(['last', 'first'])
})

test('one that throws before it returns a promise counts as well, and all errors are named', async () => {
  const closed: string[] = []
  const throwing = () => {
    throw new Error('The socket is gone.')
  }
  const error: unknown = await closeAll([
    async () => void closed.push('first'),
    throwing,
    failing('The disk is gone.'),
  ]).catch((thrown: unknown) => thrown)
  expect(closed).toEqual(['first'])
  expect(error).toMatchObject({ message: 'Error: The disk is gone.; Error: The socket is gone.' })
})
