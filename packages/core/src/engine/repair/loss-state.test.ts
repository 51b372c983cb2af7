import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { SuspectRow, SuspectState } from '../../ports/local-index.ts'
import {
  CHECK_EVERY_MS,
  CONCLUDED_MS,
  HEAL_WITHIN_MS,
  HEALED_MS,
  isLossDue,
  type LossAct,
  type LossInput,
  MISSES,
  nextLoss,
  SUSPECT_EVERY_MS,
} from './loss-state.ts'

const remoteKey = 'reef/files/a' as RemoteKey
const context = { remoteKey, now: 1_000_000, random: 0.5 }
const rowIn = (state: SuspectState, over: Partial<SuspectRow> = {}): SuspectRow => ({
  remoteKey,
  state,
  misses: 0,
  again: false,
  dueAt: 7,
  ...over,
})

type Expected = readonly [state: SuspectState | 'none', dueInMs?: number | 'as before' | undefined, act?: LossAct]
const none: Expected = ['none']
const stays = (state: SuspectState): Expected => [state, 'as before']
const heals: Expected = ['healing', HEAL_WITHIN_MS / 2]

const TABLE: Readonly<Record<SuspectState | 'none', Readonly<Record<LossInput, Expected>>>> = {
  none: {
    missing: ['checking', 0],
    present: none,
    absent: none,
    unanswered: none,
    alone: none,
    not_alone: none,
    lost_here: heals,
    lost: none,
    stored: none,
    due: none,
  },
  checking: {
    missing: stays('checking'),
    present: ['none', undefined, 'retry_download'],
    absent: ['checking', CHECK_EVERY_MS],
    unanswered: ['checking', CHECK_EVERY_MS],
    alone: ['concluded', CONCLUDED_MS, 'conclude'],
    not_alone: ['storage_suspect', SUSPECT_EVERY_MS],
    lost_here: heals,
    lost: none,
    stored: stays('checking'),
    due: ['checking', 'as before', 'ask'],
  },
  storage_suspect: {
    missing: stays('storage_suspect'),
    present: ['none', undefined, 'retry_download'],
    absent: ['storage_suspect', SUSPECT_EVERY_MS, 'compare'],
    unanswered: ['storage_suspect', SUSPECT_EVERY_MS],
    alone: ['concluded', CONCLUDED_MS, 'conclude'],
    not_alone: ['storage_suspect', SUSPECT_EVERY_MS],
    lost_here: heals,
    lost: none,
    stored: ['storage_suspect', 0],
    due: ['storage_suspect', 'as before', 'ask'],
  },
  concluded: {
    missing: stays('concluded'),
    present: stays('concluded'),
    absent: stays('concluded'),
    unanswered: stays('concluded'),
    alone: stays('concluded'),
    not_alone: stays('concluded'),
    lost_here: heals,
    lost: stays('concluded'),
    stored: stays('concluded'),
    due: none,
  },
  healing: {
    missing: stays('healing'),
    present: stays('healing'),
    absent: stays('healing'),
    unanswered: stays('healing'),
    alone: stays('healing'),
    not_alone: stays('healing'),
    lost_here: stays('healing'),
    lost: none,
    stored: none,
    due: ['healed', HEALED_MS, 'send'],
  },
  healed: {
    missing: stays('healed'),
    present: stays('healed'),
    absent: stays('healed'),
    unanswered: stays('healed'),
    alone: stays('healed'),
    not_alone: stays('healed'),
    lost_here: stays('healed'),
    lost: stays('healed'),
    stored: stays('healed'),
    due: none,
  },
}

const cells = (Object.keys(TABLE) as (keyof typeof TABLE)[]).flatMap((state) =>
  (Object.keys(TABLE[state]) as LossInput[]).map((input) => ({ state, input, expected: TABLE[state][input] })),
)

test.each(cells)('$state, $input: $expected.0', ({ state, input, expected: [next, dueIn, act] }) => {
  const step = nextLoss(state === 'none' ? undefined : rowIn(state), input, context)
  expect(step.row?.state ?? 'none').toBe(next)
  expect(step.act).toBe(act)
  if (dueIn !== undefined) expect(step.row?.dueAt).toBe(dueIn === 'as before' ? 7 : context.now + dueIn)
})

describe('misses', () => {
  test('are compared with other content at the third in a row, 10 min after the first', () => {
    let row: SuspectRow | undefined
    const acts: (LossAct | undefined)[] = []
    let now = 0
    row = nextLoss(undefined, 'missing', { ...context, now }).row
    for (let i = 0; i < MISSES; i++) {
      now = row!.dueAt
      const step = nextLoss(row, 'absent', { ...context, now })
      acts.push(step.act)
      row = step.row
    }
    expect(acts).toEqual([undefined, undefined, 'compare'])
    expect(now).toBe(10 * 60_000)
    // A tab that ended before it compared: the next one asks, and compares.
    expect(nextLoss(row, 'absent', context)).toMatchObject({ act: 'compare', row: { misses: MISSES } })
  })

  test('do not count when the signer could not be asked', () => {
    const row = rowIn('checking', { misses: 2 })
    expect(nextLoss(row, 'unanswered', context).row).toMatchObject({ misses: 2 })
  })
})

test('losses that come while the bytes were sent a short time ago are looked at once, later', () => {
  const again = nextLoss(rowIn('healed'), 'lost_here', context).row
  expect(again).toMatchObject({ state: 'healed', again: true })
  expect(nextLoss(again, 'due', context).row).toMatchObject({ state: 'healing', again: false })
})

test.each([
  { dueAt: 1_000, now: 999, due: false },
  { dueAt: 1_000, now: 1_000, due: true },
  { dueAt: 1_000 + CONCLUDED_MS, now: 1_000, due: false },
  { dueAt: 1_001 + CONCLUDED_MS, now: 1_000, due: true }, // the clock was ahead
])('a step at $dueAt is due at $now: $due', ({ dueAt, now, due }) => {
  expect(isLossDue(rowIn('checking', { dueAt }), now)).toBe(due)
})
