import { describe, expect, it } from 'vitest'
import type { Append } from '../../event-log/waiting-appends.ts'
import type { AppendResult } from '../../event-log/event-log.ts'
import { eventsAfter } from '../../testing/events.ts'
import { createGroupCommits, groupSize, MAX_GROUP_EVENTS, MAX_GROUP_LENGTH } from './group-commits.ts'

const appendOf = (parent: number, ...values: readonly unknown[]): Append => ({
  parent,
  events: eventsAfter(parent, ...values),
  options: { sub: 'ada', at: 1 },
})
const resultOf = ({ parent }: Append) => ({ kind: 'parent_ahead', head: parent }) as const satisfies AppendResult

/** Commits that end when the test says. */
const setUp = () => {
  const groups: number[][] = []
  const ends: PromiseWithResolvers<void>[] = []
  const commits = createGroupCommits(async (appends) => {
    groups.push(appends.map(({ parent }) => parent))
    const end = Promise.withResolvers<void>()
    ends.push(end)
    await end.promise
    return appends.map((append): PromiseSettledResult<AppendResult> =>
      append.parent === 13
        ? { status: 'rejected', reason: new Error('refused') }
        : { status: 'fulfilled', value: resultOf(append) },
    )
  })
  return { groups, ends, commits }
}

describe('createGroupCommits', () => {
  it('commits a single append at once, and what arrives meanwhile together', async () => {
    const { groups, ends, commits } = setUp()
    const added = [commits.add(appendOf(0)), commits.add(appendOf(13)), commits.add(appendOf(2))]
    const results = Promise.allSettled(added)
    expect(groups).toEqual([[0]])
    ends[0]!.resolve()
    await added[0]
    await expect.poll(() => groups).toEqual([[0], [13, 2]])
    ends[1]!.resolve()
    expect(await results).toMatchObject([
      { value: { head: 0 } },
      { reason: { message: 'refused' } },
      { value: { head: 2 } },
    ])
    await commits.drained()
  })

  it('rejects a whole group that fails, and commits the next one', async () => {
    const { ends, commits } = setUp()
    const [first, second] = [commits.add(appendOf(0)), commits.add(appendOf(1))]
    ends[0]!.reject(new Error('away'))
    await expect(first).rejects.toThrow('away')
    await expect.poll(() => ends.length).toBe(2)
    ends[1]!.resolve()
    expect(await second).toMatchObject({ head: 1 })
  })
})

describe('groupSize', () => {
  const many = Array.from({ length: MAX_GROUP_EVENTS })
  const long = 'x'.repeat(MAX_GROUP_LENGTH)
  it.each<[string, readonly Append[], number]>([
    ['all that wait', [appendOf(0, 1), appendOf(1, 2)], 2],
    ['as many events as may be', [appendOf(0, ...many), appendOf(0, 1)], 1],
    ['one append with more events', [appendOf(0, ...many, 1), appendOf(0, 1)], 1],
    ['as many characters as may be', [appendOf(0, 1), appendOf(0, long), appendOf(0, 1)], 1],
    ['one append with more characters', [appendOf(0, long), appendOf(0, 1)], 1],
  ])('is %s', (_, appends, expected) => {
    expect(groupSize(appends)).toBe(expected)
  })
})
