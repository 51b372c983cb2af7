import { describe, expect, it } from 'vitest'
import { leaderState } from '../simulation/leader-table.ts'
import { show } from '../simulation/notation.ts'
import {
  afterBackendPush,
  afterConfirmationTimeout,
  type BackendPusher,
  hasCaughtUp,
  IDLE_BACKEND_PUSHER,
  nextBackendAction,
} from './backend-pusher.ts'

const sent = (sentUpTo: number, generation = 0): BackendPusher => ({ sentUpTo, generation, tries: 2 })

describe('what a leader pushes next', () => {
  it.each([
    ['confirmed', IDLE_BACKEND_PUSHER, 'wait'],
    ['pending', IDLE_BACKEND_PUSHER, 'a3 b4'],
    ['pending', sent(3), 'b4'],
    ['pending', sent(4), 'wait for confirmation'],
    ['local_last', IDLE_BACKEND_PUSHER, 'a3'],
    ['rebased', sent(4, 0), "a3' b4'"],
    ['rebased', sent(4, 1), 'wait for confirmation'],
  ] as const)('in state %s after %o: %s', (name, pusher, expected) => {
    const { action } = nextBackendAction(pusher, leaderState(name).state, 10)
    const text = action.type === 'push' ? show(action.batch) : action.unconfirmed ? 'wait for confirmation' : 'wait'
    expect(text).toBe(expected)
  })
})

describe('after a push to the backend', () => {
  const { state } = leaderState('pending')

  it.each([
    ['taken', { sentUpTo: 4, generation: 0, tries: 0 }, 'push'],
    ['server ahead', { sentUpTo: 0, generation: 0, tries: 2 }, 'catch up'],
    ['failed', { sentUpTo: 0, generation: 0, tries: 3 }, 'pause'],
  ] as const)('that is %s', (outcome, pusher, next) => {
    expect(afterBackendPush(sent(3), outcome, state.pending)).toEqual({ pusher, next })
  })

  it('has caught up once another event stands at its first number', () => {
    expect(hasCaughtUp({ ...state, backendHead: 2 }, state.pending)).toBe(false)
    expect(hasCaughtUp({ ...state, backendHead: 3 }, state.pending)).toBe(true)
  })

  it('pushes again what does not come back', () => {
    const { action } = nextBackendAction(afterConfirmationTimeout(sent(4), state), state, 10)
    expect(action.type === 'push' && show(action.batch)).toBe('a3 b4')
  })
})
