import { poolArgs } from '@rockpool/access/testing'
import { ownerOf, type Right } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { eventBytes } from '../event-log/event.ts'
import { eventsAfter } from '../testing/events.ts'
import { type JudgedEvent, judgePush } from './judge-push.ts'
import type { Quota } from './quota.ts'

const STORE = 'shop'
const owner = await ownerOf('ada')
const EMPTY = { events: 0, bytes: 0 }

const rules = (quota?: Quota, rights: readonly Right[] = ['write', 'delete']) => ({
  pusher: {
    claims: { sub: 'ada', stores: { [STORE]: rights } },
    owner,
    storeId: STORE,
    buckets: { files: { access: 'store' } } as const,
  },
  quota,
})

/** One event: `a` is the app's own, `d` deletes a file, `x` is malformed, `u` cannot be in any log, `L` is too large. */
const event = (kind: string): JudgedEvent => {
  const judged = (name: string, args: unknown, defect?: JudgedEvent['defect']): JudgedEvent => ({
    event: { ...eventsAfter(0, '')[0]!, name, argsJson: JSON.stringify(args) },
    args,
    defect,
  })
  switch (kind) {
    case 'd':
      return judged('v2.FileDeleted', poolArgs(STORE)['v2.FileDeleted'])
    case 'x':
      return judged('v2.FileDeleted', {})
    case 'u':
      return judged('note', 'a placeholder', { code: 'bad_event', message: 'Too deep.' })
    case 'L':
      return judged('note', 'x'.repeat(65_536))
    default:
      return judged('note', kind)
  }
}
const push = (kinds: string): JudgedEvent[] => [...kinds].map(event)

describe('judgePush', () => {
  it.each<[string, string, number, number, readonly number[]]>([
    ['takes all', 'aaa', 0, 3, []],
    ['takes none when the first is refused', 'xaa', 0, 0, [0]],
    ['takes the prefix before the first refused one', 'aaxa', 0, 2, [2]],
    ['names all that are refused whatever comes before them', 'axauaLa', 0, 1, [1, 3, 5]],
    ['never refuses a repeat', 'xuLa', 3, 4, []],
    ['refuses what is new behind repeats', 'xaxa', 1, 2, [2]],
    ['has nothing to refuse in a push of repeats', 'xx', 2, 2, []],
  ])('%s: %s', (_, kinds, firstNew, taken, refused) => {
    const verdict = judgePush(rules(), push(kinds), firstNew, EMPTY)
    expect([verdict.taken, verdict.refused.map(({ index }) => index)]).toEqual([taken, refused])
  })

  it('refuses what was redacted, before what else is wrong with it, but no repeat of another event', () => {
    const isRedacted = ({ argsJson }: { readonly argsJson: string | undefined }) => argsJson === '{}'
    const { taken, refused } = judgePush({ ...rules(), isRedacted }, push('xaxa'), 1, EMPTY)
    expect([taken, refused.map(({ index, code }) => [index, code])]).toEqual([2, [[2, 'redacted']]])
  })

  it('says code and sentence of each', () => {
    expect(judgePush(rules(undefined, ['write']), push('dxuL'), 0, EMPTY).refused).toEqual([
      { index: 0, code: 'forbidden', message: expect.stringMatching(/^[A-Z].+\.$/) },
      { index: 1, code: 'forbidden', message: expect.stringMatching(/^[A-Z].+\.$/) },
      { index: 2, code: 'bad_event', message: 'Too deep.' },
      { index: 3, code: 'event_too_large', message: expect.stringContaining('65536') },
    ])
  })

  it.each([
    ['ascii', 'x', 65_400, 0],
    ['ascii', 'x', 65_536, 1],
    ['two bytes each', 'é', 32_700, 0],
    ['two bytes each', 'é', 32_800, 1],
    ['escaped', '\u0001', 10_900, 0],
    ['escaped', '\u0001', 11_000, 1],
  ])('measures an event in bytes of JSON: %s', (_, character, count, refused) => {
    const args = character.repeat(count)
    const judged = { ...event('a'), event: { ...event('a').event, argsJson: JSON.stringify(args) }, args }
    expect(eventBytes(judged.event) > 65_536).toBe(refused === 1)
    expect(judgePush(rules(), [judged], 0, EMPTY).refused).toHaveLength(refused)
  })

  it('measures names and ids as they are escaped', () => {
    const judged = { ...event('a'), event: { ...event('a').event, name: '"'.repeat(32_768) } }
    expect(judgePush(rules(), [judged], 0, EMPTY).refused).toMatchObject([{ code: 'event_too_large' }])
  })

  describe('with a quota of events', () => {
    it.each<[string, string, number, number, readonly number[]]>([
      ['takes up to the quota', 'aaa', 7, 3, []],
      ['refuses what exceeds it', 'aaa', 8, 2, [2]],
      ['refuses all in a full store', 'aa', 10, 0, [0, 1]],
      ['refuses all in a store that exceeds it', 'aa', 12, 0, [0, 1]],
      ['takes deletes in a full store', 'dd', 10, 2, []],
      ['counts deletes', 'da', 9, 1, [1]],
      ['names only what no prefix lets in', 'xaaa', 8, 0, [0]],
      ['names a delete that is malformed', 'axd', 10, 0, [0, 1]],
    ])('%s: %s at %i of 10', (_, kinds, events, taken, refused) => {
      const verdict = judgePush(rules({ events: 10 }), push(kinds), 0, { events, bytes: 0 })
      expect([verdict.taken, verdict.refused.map(({ index }) => index)]).toEqual([taken, refused])
    })

    it('says the figures', () => {
      const { refused } = judgePush(rules({ events: 1_000 }), push('a'), 0, { events: 1_000, bytes: 5 })
      expect(refused).toEqual([
        {
          index: 0,
          code: 'quota_exceeded',
          message: 'The store is full: 1,000 of 1,000 changes are used. Ask the operator of the sync server for more.',
        },
      ])
    })
  })

  describe('with a quota of bytes', () => {
    const bytes = eventBytes(event('a').event)
    it.each<[string, string, number, number, readonly number[]]>([
      ['takes what fits exactly', 'aa', 2 * bytes, 2, []],
      ['refuses what exceeds it by a byte', 'aa', 2 * bytes - 1, 1, [1]],
      ['takes deletes', 'add', bytes, 3, []],
    ])('%s: %s', (_, kinds, room, taken, refused) => {
      const used = { events: 5, bytes: 1_000 }
      const verdict = judgePush(rules({ bytes: 1_000 + room }), push(kinds), 0, used)
      expect([verdict.taken, verdict.refused.map(({ index }) => index)]).toEqual([taken, refused])
    })

    it('says the figures', () => {
      const { refused } = judgePush(rules({ bytes: 1_001 }), push('a'), 0, { events: 5, bytes: 1_000 })
      expect(refused[0]?.message).toBe(
        `The store is full: 1,000 of 1,001 bytes are used, and this change has ${bytes}. Ask the operator of the sync server for more.`,
      )
    })
  })
})
