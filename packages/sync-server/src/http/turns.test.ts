import type { StoreId } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { testClock } from '../test-support/clock.ts'
import { createTurns, TURN_MS, type Turns } from './turns.ts'

const STORE = 'gallery' as StoreId

/** Pushes of several writers; `log` says who was let in, in order. */
const setup = () => {
  const clock = testClock()
  const turns = createTurns(clock)
  const log: string[] = []
  /** Asks for a turn. Resolves once let in. */
  const enter = async (writer: string, store = STORE) => {
    const turn = await turns.wait(store, writer)
    log.push(writer)
    return turn
  }
  return { clock, log, enter }
}

const settle = async (): Promise<void> => {
  for (let step = 0; step < 5; step++) await Promise.resolve()
}

const lose = async (enter: (writer: string) => ReturnType<Turns['wait']>, writer: string, times: number) => {
  for (let time = 0; time < times; time++) (await enter(writer)).end('conflict')
}

describe('turns', () => {
  it('let every push in while no device has lost twice', async () => {
    const { enter, log } = setup()
    await lose(enter, 'slow', 1)
    await enter('quick')
    expect(log).toEqual(['slow', 'quick'])
  })

  it('let a device that lost twice push before the others, and then each of these in order', async () => {
    const { enter, log } = setup()
    await lose(enter, 'slow', 2)
    const first = enter('first')
    const second = enter('second')
    await settle()
    expect(log).toEqual(['slow', 'slow'])
    ;(await enter('slow')).end('appended')
    const turn = await first
    await settle()
    expect(log).toEqual(['slow', 'slow', 'slow', 'first'])
    turn.end('appended')
    await second
  })

  it('keep the turn of a device whose push conflicts until it has appended', async () => {
    const { enter, log } = setup()
    await lose(enter, 'slow', 2)
    const first = enter('first')
    ;(await enter('slow')).end('appended')
    ;(await first).end('conflict')
    const slow = enter('slow')
    await settle()
    expect(log.at(-1)).toBe('first')
    ;(await enter('first')).end('appended')
    await slow
  })

  it('end after a second, and give none to a device that did not use its own', async () => {
    const { clock, enter, log } = setup()
    await lose(enter, 'gone', 2)
    const other = enter('other')
    await settle()
    expect(log).toEqual(['gone', 'gone'])
    clock.advance(TURN_MS)
    ;(await other).end('appended')
    await lose(enter, 'gone', 3)
    await enter('other')
    clock.advance(30_000)
    await lose(enter, 'gone', 2)
    void enter('other')
    await settle()
    expect(log.slice(-2)).toEqual(['gone', 'gone'])
  })

  it('end when the push fails', async () => {
    const { enter, log } = setup()
    await lose(enter, 'slow', 2)
    const other = enter('other')
    ;(await enter('slow')).end('failed')
    await other
    expect(log.at(-1)).toBe('other')
  })

  it('do not delay other stores', async () => {
    const { enter } = setup()
    await lose(enter, 'slow', 2)
    await enter('other', 'another' as StoreId)
  })

  it('let pushes in early when too many wait', async () => {
    const { enter, log } = setup()
    await lose(enter, 'slow', 2)
    for (let count = 0; count < 16; count++) void enter(`waiting ${count}`)
    await enter('one too many')
    expect(log.at(-1)).toBe('one too many')
  })
})
