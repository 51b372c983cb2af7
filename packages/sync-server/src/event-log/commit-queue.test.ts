import { describe, expect, it } from 'vitest'
import { eventsAfter } from '../testing/events.ts'
import { createCommitQueue, MAX_GROUP_EVENTS } from './commit-queue.ts'
import type { Append } from './waiting-appends.ts'
import type { AppendResult } from './event-log.ts'

/** A queue whose groups are closed by hand; `groups` has the parents of the appends of each commit. */
const setUp = (resultOf = (_append: Append): PromiseSettledResult<AppendResult> => fulfilled) => {
  const groups: number[][] = []
  const deferred: (() => void)[] = []
  const queue = createCommitQueue(
    (appends) => {
      groups.push(appends.map(({ parent }) => parent))
      return appends.map(resultOf)
    },
    (run) => void deferred.push(run),
  )
  const add = (parent: number, count = 1) =>
    queue.add({
      parent,
      events: eventsAfter(parent, ...Array.from({ length: count }, (_, index) => index)),
      options: { sub: 'ada', at: 1 },
    })
  const closeGroup = () => deferred.shift()?.()
  return { queue, groups, deferred, add, closeGroup }
}

const fulfilled = { status: 'fulfilled', value: { kind: 'parent_ahead', head: 0 } } as const

describe('appends that wait at the same time', () => {
  it('are committed together, in the order of their arrival', async () => {
    const { add, groups, closeGroup } = setUp()
    const results = [add(1), add(2), add(3)]
    expect(groups).toEqual([])
    closeGroup()
    await Promise.all(results)
    expect(groups).toEqual([[1, 2, 3]])
  })

  it('get a result each: one that is refused fails alone', async () => {
    const reason = new Error('refused')
    const { add, closeGroup } = setUp(({ parent }) => (parent === 2 ? { status: 'rejected', reason } : fulfilled))
    const results = Promise.allSettled([add(1), add(2), add(3)])
    closeGroup()
    expect(await results).toEqual([fulfilled, { status: 'rejected', reason }, fulfilled])
  })

  it('all fail when the commit fails, and those after them do not', async () => {
    let isFull = true
    const { add, closeGroup } = setUp(() => {
      if (isFull) throw new Error('full')
      return fulfilled
    })
    const failed = Promise.allSettled([add(1), add(2)])
    closeGroup()
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isFull = false
    const next = add(3)
    closeGroup()
    expect(await next).toEqual(fulfilled.value)
  })

  it.each<[string, readonly number[], readonly number[][]]>([
    ['together up to the limit', [MAX_GROUP_EVENTS - 1, 1], [[0, 1]]],
    ['in two commits above it', [MAX_GROUP_EVENTS - 1, 2, 1], [[0], [1, 2]]],
    ['one alone when it is above it', [MAX_GROUP_EVENTS + 1, 1], [[0], [1]]],
  ])('are committed %s', async (_, counts, expected) => {
    const { add, groups, deferred, closeGroup } = setUp()
    const results = counts.map((count, index) => add(index, count))
    while (deferred.length > 0) closeGroup()
    await Promise.all(results)
    expect(groups).toEqual(expected)
  })
})

it('flush commits all that waits, and the group that was to be closed later is empty', async () => {
  const { add, queue, groups, closeGroup } = setUp()
  const results = [add(1, MAX_GROUP_EVENTS), add(2)]
  queue.flush()
  await Promise.all(results)
  expect(groups).toEqual([[1], [2]])
  closeGroup()
  expect(groups).toHaveLength(2)
  const next = add(3)
  closeGroup()
  await next
  expect(groups).toEqual([[1], [2], [3]])
})
