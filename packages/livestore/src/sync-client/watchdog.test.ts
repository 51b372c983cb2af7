import { describe, expect, it } from 'vitest'
import {
  decide,
  LADDERS,
  NO_TROUBLE,
  type Trouble,
  troubleOf,
  type WatchdogProgress,
  type WatchdogSnapshot,
  type WatchdogStep,
} from './watchdog.ts'

const CALM: WatchdogSnapshot = {
  now: 100_000,
  serverAnswers: true,
  pullEndedAt: undefined,
  pushWaitsSince: undefined,
  unconfirmedSince: undefined,
  behindSince: undefined,
  noSocketSince: undefined,
}
const ago = (ms: number) => CALM.now - ms

describe('troubleOf', () => {
  it.each<[string, Partial<WatchdogSnapshot>, Trouble | undefined]>([
    ['none', {}, undefined],
    ['a pull that ended 5 s ago', { pullEndedAt: ago(5_000) }, 'pull_ended'],
    ['a pull that ended just now', { pullEndedAt: ago(4_999) }, undefined],
    ['a push without response for 20 s', { pushWaitsSince: ago(20_000) }, 'not_converging'],
    ['a push without response for less', { pushWaitsSince: ago(19_999) }, undefined],
    ['unconfirmed events for 20 s', { unconfirmedSince: ago(20_000) }, 'not_converging'],
    ['unconfirmed events for less', { unconfirmedSince: ago(19_999) }, undefined],
    ['a head ahead for 20 s', { behindSince: ago(20_000) }, 'not_converging'],
    ['a head ahead for less', { behindSince: ago(19_999) }, undefined],
    ['no socket for 20 s', { noSocketSince: ago(20_000) }, 'no_socket'],
    ['no socket for less', { noSocketSince: ago(19_999) }, undefined],
    ['no socket and events missing', { noSocketSince: ago(60_000), behindSince: ago(60_000) }, 'not_converging'],
    ['a pull that ended and events missing', { pullEndedAt: ago(9_000), behindSince: ago(60_000) }, 'pull_ended'],
    [
      'anything while the server does not answer',
      {
        serverAnswers: false,
        pullEndedAt: 0,
        behindSince: 0,
        noSocketSince: 0,
        unconfirmedSince: 0,
        pushWaitsSince: 0,
      },
      undefined,
    ],
  ])('%s', (_, times, trouble) => {
    expect(troubleOf({ ...CALM, ...times })).toBe(trouble)
  })
})

describe('decide', () => {
  /** The steps of a trouble that lasts, asked every second, with the second of each. */
  const stepsOf = (since: Partial<WatchdogSnapshot>, seconds: number) => {
    const steps: [number, WatchdogStep][] = []
    let progress: WatchdogProgress = NO_TROUBLE
    for (let second = 0; second <= seconds; second++) {
      const decision = decide({ ...CALM, now: second * 1_000, ...since }, progress)
      progress = decision.progress
      if (decision.step) steps.push([second, decision.step])
    }
    return steps
  }

  it('takes one step each 10 s, then reports that it is stuck, once', () => {
    expect(stepsOf({ behindSince: 0 }, 300)).toEqual([
      [20, 'pull'],
      [30, 'reconnect'],
      [40, 'http_only'],
      [50, 'restart'],
      [60, 'stuck'],
    ])
  })

  it('restarts the leader at once when it does not pull', () => {
    expect(stepsOf({ pullEndedAt: 0 }, 100)).toEqual([
      [5, 'restart'],
      [15, 'stuck'],
    ])
  })

  it('leaves a device without a socket to polling', () => {
    expect(stepsOf({ noSocketSince: 0 }, 300)).toEqual([
      [20, 'reconnect'],
      [30, 'http_only'],
    ])
  })

  it('starts with the first step again after the trouble has ended', () => {
    const done: WatchdogProgress = { trouble: 'not_converging', steps: 5, steppedAt: 0 }
    expect(decide(CALM, done).progress).toEqual(NO_TROUBLE)
  })

  it('begins at the first step when the trouble is another one', () => {
    const other: WatchdogProgress = { trouble: 'no_socket', steps: 2, steppedAt: ago(1_000) }
    expect(decide({ ...CALM, behindSince: 0 }, other).step).toBe('pull')
  })

  it('never restarts the leader before everything milder was tried', () => {
    for (const ladder of Object.values(LADDERS)) expect(ladder.indexOf('stuck')).toBeOneOf([-1, ladder.length - 1])
  })
})
