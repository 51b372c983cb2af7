/** Acceptance tests of group commit: pushes to one store that arrive at the same time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog, Logs, Usage } from '../event-log/event-log.ts'
import { eventBytes, type LogEvent } from '../event-log/event.ts'
import type { EventLogSubject } from './event-log-suite.ts'
import { eventsAfter } from './events.ts'

const ORIGIN = { sub: 'ada', at: 1 }
const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }
const refuse = () => {
  throw new Error('no right')
}

/** @param make with `reopen` */
export const groupCommitCases = (name: string, make: () => Promise<EventLogSubject>): void => {
  describe(`appends at the same time: ${name}`, () => {
    let subject: EventLogSubject
    let logs: Logs
    let log: EventLog
    beforeEach(async () => {
      subject = await make()
      logs = subject.logs
      log = await logs.open('shop')
    })
    afterEach(() => subject[Symbol.asyncDispose]())

    const append = (parent: number, events: readonly LogEvent[]) => log.append(parent, events, ORIGIN)
    const values = async (since = 0) =>
      (await log.read(since, ALL)).events.map(({ argsJson }) => JSON.parse(argsJson!).value as unknown)

    it('are stored in the order of the calls, each with its own result', async () => {
      const results = await Promise.all([
        append(0, eventsAfter(0, 'a', 'b')),
        append(2, eventsAfter(2, 'c')),
        append(0, eventsAfter(0, 'a', 'b')),
        append(3, eventsAfter(3, 'd')),
      ])
      expect(results).toMatchObject([
        { kind: 'appended', head: 2, before: 0 },
        { kind: 'appended', head: 3, before: 2, added: [{ seqNum: 3 }] },
        { kind: 'appended', head: 3, firstNew: 2, added: [] },
        { kind: 'appended', head: 4, before: 3 },
      ])
      expect(await values()).toEqual(['a', 'b', 'c', 'd'])
    })

    it('do not fail with one that is refused, conflicts or has a parent above the head', async () => {
      const usages: Usage[] = []
      const check = (_: number, usage: Usage) => (usages.push(usage), 1)
      const results = await Promise.allSettled([
        append(0, eventsAfter(0, 'a')),
        log.append(1, eventsAfter(1, 'refused'), { ...ORIGIN, check: refuse }),
        append(0, eventsAfter(0, 'other')),
        append(9, eventsAfter(9, 'ahead')),
        log.append(1, eventsAfter(1, 'b'), { ...ORIGIN, check }),
      ])
      expect(results).toMatchObject([
        { value: { kind: 'appended', head: 1 } },
        { reason: { message: 'no right' } },
        { value: { kind: 'conflict', head: 1, common: 0 } },
        { value: { kind: 'parent_ahead', head: 1 } },
        { value: { kind: 'appended', head: 2, before: 1 } },
      ])
      expect(usages).toEqual([{ events: 1, bytes: eventBytes(eventsAfter(0, 'a')[0]!) }])
      expect(await values()).toEqual(['a', 'b'])
    })

    it('are put behind each other where that is allowed, and repeats among them are recognized', async () => {
      const [a, b] = ['a', 'b'].map((name) =>
        eventsAfter(0, name).map((event) => Object.assign(event, { sessionId: `s#${name}` })),
      )
      const push = (events: readonly LogEvent[]) => log.append(0, events, { ...ORIGIN, maxBetween: 10 })
      const results = await Promise.all([push(a!), push(b!), push(b!)])
      expect(results.map((result) => result.head)).toEqual([1, 2, 2])
      expect(await values()).toEqual(['a', 'b'])
    })

    it('are read whole, wherever a page begins', async () => {
      await Promise.all([
        append(0, eventsAfter(0, 1, 2)),
        append(2, eventsAfter(2, 3, 4)),
        append(4, eventsAfter(4, 5)),
      ])
      for (const since of [0, 1, 2, 3, 4]) expect(await values(since)).toEqual([1, 2, 3, 4, 5].slice(since))
    })

    it('are stored when the logs are closed before the commit', async () => {
      const waiting = [append(0, eventsAfter(0, 'a')), append(1, eventsAfter(1, 'b'))]
      await logs.close()
      await Promise.all(waiting)
      logs = await subject.reopen!()
      log = await logs.open('shop')
      expect(await values()).toEqual(['a', 'b'])
    })
  })
}
