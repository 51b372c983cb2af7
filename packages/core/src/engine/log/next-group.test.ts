import type { RemoteKey } from '@rockpool/protocol'
import { RockpoolError } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { recordAfter } from '../../records/apply.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { admit, type Commit, MAX_GROUP, nextGroup } from './next-group.ts'

describe('nextGroup', () => {
  const user = undefined
  test.each<{ name: string; epochs: (number | undefined)[]; group: number[]; rest: number[] }>([
    { name: 'is empty when nothing waits', epochs: [], group: [], rest: [] },
    { name: 'takes a single commit', epochs: [user], group: [0], rest: [] },
    { name: 'takes all commits of users', epochs: [user, user, user], group: [0, 1, 2], rest: [] },
    { name: 'leaves fenced commits out of a group of users', epochs: [user, 1, user, 1], group: [0, 2], rest: [1, 3] },
    { name: 'leaves users out of a fenced group', epochs: [1, user, 1], group: [0, 2], rest: [1] },
    { name: 'separates two epochs', epochs: [1, 2, 1], group: [0, 2], rest: [1] },
    { name: 'separates epoch 0 from users', epochs: [0, user], group: [0], rest: [1] },
    {
      name: 'takes at most 100 and keeps the order of the others',
      epochs: [...Array.from({ length: MAX_GROUP + 1 }, () => user), 1, user],
      group: Array.from({ length: MAX_GROUP }, (_, i) => i),
      rest: [MAX_GROUP, MAX_GROUP + 1, MAX_GROUP + 2],
    },
  ])('$name', ({ epochs, group, rest }) => {
    const waiting = epochs.map((epoch, place) => ({ epoch, place }))
    const next = nextGroup(waiting)
    expect(next.group.map(({ place }) => place)).toEqual(group)
    expect(next.rest.map(({ place }) => place)).toEqual(rest)
  })

  test('serves every commit in finitely many groups, each epoch in order', () => {
    let waiting = Array.from({ length: 350 }, (_, place) => ({ epoch: place % 3 === 0 ? 1 : undefined, place }))
    const served: typeof waiting = []
    for (let groups = 0; waiting.length > 0; groups++) {
      expect(groups).toBeLessThan(6)
      const next = nextGroup(waiting)
      expect(new Set(next.group.map(({ epoch }) => epoch)).size).toBe(1)
      served.push(...next.group)
      waiting = [...next.rest]
    }
    for (const epoch of [1, undefined]) {
      const places = served.filter((commit) => commit.epoch === epoch).map(({ place }) => place)
      expect(places).toEqual(places.toSorted((a, b) => a - b))
    }
    expect(served).toHaveLength(350)
  })
})

describe('admit', () => {
  const key = (digit: number) => `reef/files/${String(digit).repeat(64)}` as RemoteKey
  const added = (id: string): PoolEvent => ({
    name: 'v2.FileAdded',
    opId: `add-${id}`,
    args: { id, name: id, type: 'text/plain', size: 1, remoteKey: key(1), meta: {}, at: 1 },
  })
  const replaced = (id: string, opId: string): PoolEvent => ({
    name: 'v2.FileContentReplaced',
    opId,
    args: { id, remoteKey: key(2), size: 2, type: 'text/plain', basedOn: key(1), at: 2 },
  })
  const deleted = (id: string): PoolEvent => ({ name: 'v2.FileDeleted', opId: `delete-${id}`, args: { id, at: 3 } })
  const stored: PoolEvent = { name: 'v2.ContentStored', opId: 'stored', args: { remoteKey: key(1) } }

  const changed = new RockpoolError('precondition_failed', 'Changed.')
  const ifMatch = (version: string) => (file: FileRecord | undefined) =>
    file?.version === version ? undefined : changed
  const ifLive = (file: FileRecord | undefined) => (file?.deletedAt === null ? undefined : changed)
  type Given = Pick<Commit, 'event' | 'precondition'>
  const given = (event: PoolEvent, precondition?: Commit['precondition']): Given => ({ event, precondition })

  const known = recordAfter(added('known'))!
  const cases: { name: string; group: Given[]; admitted: boolean[] }[] = [
    { name: 'without a precondition', group: [given(added('a')), given(stored)], admitted: [true, true] },
    { name: 'that the log meets', group: [given(replaced('known', 'r'), ifMatch('add-known'))], admitted: [true] },
    { name: 'that the log does not meet', group: [given(replaced('known', 'r'), ifMatch('other'))], admitted: [false] },
    {
      name: 'that an earlier member breaks',
      group: [
        given(replaced('known', 'r1'), ifMatch('add-known')),
        given(replaced('known', 'r2'), ifMatch('add-known')),
      ],
      admitted: [true, false],
    },
    {
      name: 'that an earlier member fulfils',
      group: [given(replaced('known', 'r1')), given(replaced('known', 'r2'), ifMatch('r1'))],
      admitted: [true, true],
    },
    {
      name: 'that a rejected member would have broken',
      group: [given(replaced('known', 'r1'), ifMatch('other')), given(replaced('known', 'r2'), ifMatch('add-known'))],
      admitted: [false, true],
    },
    {
      name: 'on a file that an earlier member adds',
      group: [given(added('new')), given(replaced('new', 'r'), ifMatch('add-new'))],
      admitted: [true, true],
    },
    {
      name: 'on a file that an earlier member removes',
      group: [given(deleted('known')), given(replaced('known', 'r'), ifLive)],
      admitted: [true, false],
    },
    {
      name: 'on another file',
      group: [given(deleted('other')), given(replaced('known', 'r'), ifLive)],
      admitted: [true, true],
    },
  ]
  test.each(cases)('a commit $name', ({ group, admitted }) => {
    const admissions = admit(group, (id) => (id === 'known' ? known : undefined))
    expect(admissions.map(({ error }) => error === undefined)).toEqual(admitted)
    expect(admissions.map(({ commit }) => commit)).toEqual(group)
  })

  test('gives the file as each member leaves it', () => {
    const rename: PoolEvent = { name: 'v2.FileRenamed', opId: 'rename', args: { id: 'new', name: 'cape', at: 2 } }
    const admissions = admit([given(added('new')), given(rename), given(stored)], () => undefined)
    expect(admissions).toMatchObject([{ file: { name: 'new' } }, { file: { name: 'cape', version: 'add-new' } }, {}])
    expect(admissions[2]).toHaveProperty('file', undefined)
  })
})
