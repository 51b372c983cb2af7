import { describe, expect, it } from 'vitest'
import { utf8Length } from '../event-log/event.ts'
import { eventsAfter } from '../testing/events.ts'
import { liveMessage, MAX_MESSAGE_BYTES } from './message.ts'

const update = (text: string) => ({ backendId: 'b', since: 1, head: 2, events: eventsAfter(1, text) })

describe('liveMessage', () => {
  it.each([
    ['x', 1],
    ['ü', 2],
    ['𝄞', 4],
  ])('leaves the events out above 64 KiB of UTF-8: %s', (character, bytes) => {
    const room = MAX_MESSAGE_BYTES - utf8Length(liveMessage(update('')))
    const fitting = character.repeat(Math.floor(room / bytes))
    expect(JSON.parse(liveMessage(update(fitting))).events).toHaveLength(1)
    expect(JSON.parse(liveMessage(update(fitting + character)))).toEqual({
      backendId: 'b',
      since: 1,
      head: 2,
      events: [],
    })
  })
})
