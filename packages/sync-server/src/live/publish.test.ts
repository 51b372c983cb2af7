import { describe, expect, it } from 'vitest'
import { MAX_BUFFERED_BYTES, publish, type Subscriber } from './publish.ts'

const NOW = 1_000

interface TestSubscriber extends Subscriber {
  readonly sent: string[]
  readonly closed: number[]
}

const subscriber = (change: Partial<Subscriber> = {}): TestSubscriber => {
  const [sent, closed]: [string[], number[]] = [[], []]
  return {
    sent,
    closed,
    send: (message) => void sent.push(message),
    close: (code) => void closed.push(code),
    bufferedAmount: 0,
    expiresAt: Number.POSITIVE_INFINITY,
    ...change,
  }
}
const fail = () => {
  throw new Error('The socket is broken.')
}

describe('publish', () => {
  it.each<[string, Partial<Subscriber>, { readonly sent: string[]; readonly closed: number[] }]>([
    ['one that is well', {}, { sent: ['m'], closed: [] }],
    ['one whose token ends later', { expiresAt: NOW + 1 }, { sent: ['m'], closed: [] }],
    ['one whose token has ended', { expiresAt: NOW }, { sent: [], closed: [4401] }],
    ['one that buffers 1 MiB', { bufferedAmount: MAX_BUFFERED_BYTES }, { sent: ['m'], closed: [] }],
    ['one that buffers more', { bufferedAmount: MAX_BUFFERED_BYTES + 1 }, { sent: [], closed: [4408] }],
    ['one whose send throws', { send: fail }, { sent: [], closed: [1001] }],
    ['one whose send and close throw', { send: fail, close: fail }, { sent: [], closed: [] }],
    ['one whose token has ended and whose close throws', { expiresAt: 0, close: fail }, { sent: [], closed: [] }],
    [
      'one whose bufferedAmount throws',
      {
        get bufferedAmount() {
          return fail()
        },
      },
      { sent: [], closed: [1001] },
    ],
  ])('%s does not keep the message from the next one', (_, change, outcome) => {
    const tested = Object.defineProperties(subscriber(), Object.getOwnPropertyDescriptors(change))
    const [before, after] = [subscriber(), subscriber()]
    const dropped = publish([before, tested, after], 'm', NOW)
    expect({ sent: tested.sent, closed: tested.closed }).toEqual(outcome)
    expect(dropped).toEqual(outcome.sent.length === 0 ? [tested] : [])
    expect([before.sent, after.sent]).toEqual([['m'], ['m']])
  })

  it('sends to every subscriber while subscribers leave', () => {
    const subscribers = new Set<TestSubscriber>()
    const leaving = subscriber({ send: () => void subscribers.delete(leaving) })
    const last = subscriber()
    subscribers.add(leaving).add(last)
    publish(subscribers, 'm', NOW)
    expect(last.sent).toEqual(['m'])
  })
})
