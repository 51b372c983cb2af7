import { expect, test } from 'vitest'
import { PARALLEL_PARTS, type PartSteps, sendParts, SIGNED_AT_ONCE, type SignedPart } from './send-parts.ts'

const numbersTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
const signPart = (number: number): SignedPart => ({ number, url: `https://objects.example/${number}`, headers: {} })
const turn = () => new Promise((turned) => setImmediate(turned))

/** Parts that are sent when the test says so. */
const sending = (count: number, over: Partial<PartSteps> = {}) => {
  const signed: number[][] = []
  const open = new Map<number, PromiseWithResolvers<void>>()
  const sent: number[] = []
  let connections = 0
  const stop = new AbortController()
  const steps: PartSteps = {
    async sign(numbers) {
      signed.push([...numbers])
      return numbers.map(signPart)
    },
    async acquire() {
      connections++
      return () => void connections--
    },
    async send({ number }, signal) {
      const end = Promise.withResolvers<void>()
      open.set(number, end)
      signal.addEventListener('abort', () => end.reject(signal.reason))
      await end.promise.finally(() => open.delete(number))
      sent.push(number)
    },
    ...over,
  }
  const done = sendParts(numbersTo(count), steps, stop.signal)
  done.catch(() => {})
  const finish = async (number: number) => {
    open.get(number)!.resolve()
    await turn()
  }
  return { signed, open, sent, done, stop, finish, connections: () => connections }
}

test('sends every part once, in order, and no more than it may at the same time', async () => {
  const { open, sent, done, finish, connections } = sending(30)
  await turn()
  let most = 0
  while (open.size > 0) {
    most = Math.max(most, open.size)
    await finish([...open.keys()][0]!)
  }
  await done
  expect(sent).toEqual(numbersTo(30))
  expect(most).toBe(PARALLEL_PARTS)
  expect(connections()).toBe(0)
})

test('one slow part holds up no other one', async () => {
  const { open, finish, sent } = sending(40)
  await turn()
  for (let next = [...open.keys()].at(-1)!; sent.length < 39; next = [...open.keys()].at(-1)!) await finish(next)
  expect([...open.keys()]).toEqual([1])
})

test('signs the next parts before the last signed one is taken', async () => {
  const { signed, open, finish } = sending(20)
  await turn()
  expect(signed).toEqual([numbersTo(SIGNED_AT_ONCE), [9, 10, 11, 12, 13, 14, 15, 16]])
  for (let i = 0; i < 8; i++) await finish([...open.keys()][0]!)
  expect(signed.at(-1)).toEqual([17, 18, 19, 20])
})

test('nothing to send', async () => {
  const { done, signed } = sending(0)
  await done
  expect(signed).toEqual([])
})

test('the first failure stops the others, and is what is thrown', async () => {
  const { open, done, connections } = sending(20)
  await turn()
  open.get(3)!.reject(new Error('storage_unavailable'))
  await expect(done).rejects.toThrow('storage_unavailable')
  expect(open.size).toBe(0)
  expect(connections()).toBe(0)
})

test('parts that cannot be signed fail the upload when their turn comes', async () => {
  let calls = 0
  const { open, finish, done, sent } = sending(20, {
    async sign(numbers) {
      if (++calls === 2) throw new Error('not signed')
      return numbers.map(signPart)
    },
  })
  await turn()
  while (open.size > 0) await finish([...open.keys()][0]!)
  await expect(done).rejects.toThrow('not signed')
  expect(sent.length).toBeLessThanOrEqual(SIGNED_AT_ONCE)
})

test('stopped by its caller, it ends', async () => {
  const { stop, done, open } = sending(20)
  await turn()
  stop.abort(new Error('stopped'))
  await expect(done).rejects.toThrow('stopped')
  expect(open.size).toBe(0)
})
