import { describe, expect, it } from 'vitest'
import { RESET } from '../session/machine.ts'
import { leaderState } from '../simulation/leader-table.ts'
import { events, renumber, show } from '../simulation/notation.ts'
import { decideBackendEvents, decidePush } from './machine.ts'
import { missedNews, newsOf } from './news.ts'

const { state } = leaderState('pending')

const fromBackend = (text: string) => {
  const decision = decideBackendEvents(state, events(text), renumber)
  if (!('append' in decision)) throw new Error(decision.outcome)
  const news = newsOf(decision)
  if (news === undefined) return 'nothing'
  const rollback = news._tag === 'upstream-rebase' ? `${show(news.rollbackEvents)} -> ` : ''
  return rollback + show(news.newEvents)
}

describe('tabs learn', () => {
  it('of a push that was taken', () => {
    const decision = decidePush(state, events('n5'), () => false, renumber)
    expect(decision.outcome === 'accepted' && newsOf(decision)).toEqual({
      _tag: 'upstream-advance',
      newEvents: events('n5'),
    })
  })

  it('nothing of a confirmation', () => {
    expect(fromBackend('a3 b4')).toBe('nothing')
  })

  it('of a rebase: what is taken back and what is there instead', () => {
    expect(fromBackend('y3')).toBe("a3 b4 -> y3' a4' b5'")
  })

  it('what they missed: events, nothing, or that the log does not have their place', () => {
    expect(missedNews(events('a3'))).toEqual({ _tag: 'upstream-advance', newEvents: events('a3') })
    expect(missedNews([])).toBeUndefined()
    expect(missedNews(undefined)).toBe(RESET)
  })
})
