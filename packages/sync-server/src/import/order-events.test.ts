import { expect, it } from 'vitest'
import { orderEvents } from './order-events.ts'

/** `5<-1`: the event with the number 5 that was pushed after event 1. */
const order = (...arrows: readonly string[]) => {
  const rows = arrows.map((arrow) => {
    const [seqNum, parentSeqNum] = arrow.split('<-')
    return { seqNum: seqNum!, parentSeqNum: parentSeqNum! }
  })
  const result = orderEvents(rows.toSorted((a, b) => Number(a.seqNum) - Number(b.seqNum)))
  return 'events' in result ? result.events.map(({ seqNum }) => Number(seqNum)) : result
}

it.each<[string, readonly string[], readonly number[]]>([
  ['an empty log', [], []],
  ['a log as devices write it', ['1<-0', '2<-1', '3<-2'], [1, 2, 3]],
  ['a number far ahead', ['1<-0', '1001<-1'], [1, 1001]],
  ['events after a number far ahead', ['1<-0', '1001<-1', '1002<-1001'], [1, 1001, 1002]],
  ['the largest integer', ['1<-0', '9007199254740991<-1'], [1, 9_007_199_254_740_991]],
  ['the number 0', ['1<-0', '0<-1'], [1, 0]],
  ['a negative number beside the right one', ['1<-0', '2<-1', '-5<-2', '3<-2'], [1, 2, 3, -5]],
  ['a negative number, and what was pushed after it', ['1<-0', '-5<-1', '-4<--5'], [1, -5, -4]],
  ['a push out of order', ['1<-0', '5<-1', '3<-2'], [1, 5, 3]],
  ['a wrong parent inside of a push', ['1<-0', '2<-1', '3<-77', '4<-3'], [1, 2, 3, 4]],
  ['a first event with a wrong number', ['7<-0', '8<-7'], [7, 8]],
  ['two events after one', ['1<-0', '2<-1', '9<-1', '3<-2'], [1, 2, 3, 9]],
])('keeps every event of %s', (_, arrows, expected) => {
  expect(order(...arrows)).toEqual(expected)
})

it.each<[string, readonly string[], number]>([
  ['the first event', ['2<-1', '3<-2'], 1],
  ['an event in the middle', ['1<-0', '3<-2'], 2],
  ['several events', ['1<-0', '2<-1', '9<-8', '10<-9'], 3],
  ['the event after which one with a wrong number was pushed', ['1<-0', '-4<--5'], 2],
])('names %s when it is missing', (_, arrows, missing) => {
  expect(order(...arrows)).toEqual({ missing })
})
