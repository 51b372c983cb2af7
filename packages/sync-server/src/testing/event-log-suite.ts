/** Acceptance tests of the port `EventLog`: every adapter runs them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppendOptions, EventLog, Logs, Page, ReadLimits, Usage } from '../event-log/event-log.ts'
import { eventBytes, eventToJson, type LogEvent } from '../event-log/event.ts'
import { eventsAfter } from './events.ts'

export interface EventLogSubject extends AsyncDisposable {
  readonly logs: Logs
  /** Closes the logs and opens the same ones, as a restart does. */
  readonly reopen?: () => Promise<Logs>
}

const ORIGIN = { sub: 'ada', at: 1_700_000_000_000 }
const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }

/** @param restarts whether logs outlive a restart: the subject has `reopen` */
export const eventLogSuite = (
  name: string,
  make: () => Promise<EventLogSubject>,
  { restarts }: { readonly restarts: boolean },
): void => {
  describe(`EventLog: ${name}`, { timeout: 60_000 }, () => {
    let subject: EventLogSubject
    let log: EventLog
    beforeEach(async () => {
      subject = await make()
      log = await subject.logs.open('shop')
    })
    afterEach(() => subject[Symbol.asyncDispose]())

    const stored = (events: readonly LogEvent[]) => events.map((event) => Object.assign({}, event, ORIGIN))
    const append = (parent: number, events: readonly LogEvent[]) => log.append(parent, events, ORIGIN)
    /** A page without its JSON, which has to be that of its events. */
    const read = (since: number, limits: ReadLimits) => readPage(log, since, limits)
    const values = async (since = 0, limits = ALL) =>
      (await read(since, limits)).events.map(({ argsJson }) => JSON.parse(argsJson!).value as unknown)

    it('starts empty, with head 0 and a backend id', async () => {
      expect(await log.head()).toBe(0)
      expect(await read(0, ALL)).toEqual({ head: 0, events: [] })
      expect(log.backendId).toMatch(/^.{8,}$/)
    })

    it('keeps each event with its sub and the time', async () => {
      const events = eventsAfter(0, 'a', 'b')
      const added = stored(events)
      expect(await append(0, events)).toEqual({ kind: 'appended', head: 2, before: 0, firstNew: 0, taken: 2, added })
      expect(await read(0, ALL)).toEqual({ head: 2, events: stored(events) })
      expect(await log.head()).toBe(2)
    })

    it('keeps an event without a sub, for imports', async () => {
      await log.append(0, eventsAfter(0, 'a'), { sub: undefined, at: 5 })
      expect((await read(0, ALL)).events).toEqual([{ ...eventsAfter(0, 'a')[0]!, sub: undefined, at: 5 }])
    })

    it.each([
      ['a key __proto__', '{"__proto__":{"polluted":true},"constructor":1}'],
      ['-0', '{"zero":-0}'],
      ['keys that are not sorted', '{"b":1,"a":{"d":1,"c":2}}'],
      ['text beyond the basic plane', JSON.stringify({ text: '𝄞 é \u2028' })],
      ['escaped lone surrogates and NUL', String.raw`{"text":"\ud800 \u0000"}`],
      ['an empty string', '""'],
      ['null', 'null'],
      ['no args', undefined],
    ])('keeps args as they are: %s', async (_, argsJson) => {
      const [event] = eventsAfter(0, 'x')
      await append(0, [{ ...event!, argsJson }])
      expect((await read(0, ALL)).events[0]!.argsJson).toBe(argsJson)
      expect(await append(0, [{ ...event!, argsJson }])).toMatchObject({ kind: 'appended', head: 1, firstNew: 1 })
    })

    it('keeps names and ids of any language', async () => {
      const [event] = eventsAfter(0, 'x')
      const named = { ...event!, name: "v1.Ünï'çødé 𝄞", clientId: '', sessionId: '"; DROP TABLE events' }
      await append(0, [named])
      expect((await read(0, ALL)).events[0]).toEqual({ ...named, ...ORIGIN })
    })

    describe('a repeated push', () => {
      it('counts as appended and is stored once', async () => {
        const events = eventsAfter(0, 'a', 'b')
        await append(0, events)
        expect(await append(0, events)).toEqual({
          kind: 'appended',
          head: 2,
          before: 2,
          firstNew: 2,
          taken: 2,
          added: [],
        })
        expect(await append(0, events.slice(0, 1))).toMatchObject({ kind: 'appended', head: 2, before: 2, firstNew: 1 })
        expect(await append(1, events.slice(1))).toMatchObject({ kind: 'appended', head: 2, before: 2, firstNew: 1 })
        expect(await values()).toEqual(['a', 'b'])
      })

      it('counts as appended when the keys of its args have another order', async () => {
        const [event] = eventsAfter(0, 'x')
        await append(0, [{ ...event!, argsJson: '{"a":1,"b":[{"c":1,"d":2}]}' }])
        const reordered = { ...event!, argsJson: '{"b":[{"d":2,"c":1}],"a":1}' }
        expect(await append(0, [reordered])).toMatchObject({ kind: 'appended', firstNew: 1 })
      })

      it('appends what follows the repeated events', async () => {
        await append(0, eventsAfter(0, 'a', 'b'))
        expect(await append(0, eventsAfter(0, 'a', 'b', 'c'))).toEqual({
          kind: 'appended',
          head: 3,
          before: 2,
          firstNew: 2,
          taken: 3,
          added: stored(eventsAfter(2, 'c')),
        })
        expect(await values()).toEqual(['a', 'b', 'c'])
      })

      it('keeps the sub and the time of the first push', async () => {
        await append(0, eventsAfter(0, 'a'))
        await log.append(0, eventsAfter(0, 'a', 'b'), { sub: 'bob', at: 9 })
        expect((await read(0, ALL)).events.map(({ sub, at }) => [sub, at])).toEqual([
          [ORIGIN.sub, ORIGIN.at],
          ['bob', 9],
        ])
      })
    })

    describe('a push that does not fit', () => {
      it('conflicts after the last common event, and stores nothing', async () => {
        await append(0, eventsAfter(0, 'a', 'b', 'c'))
        expect(await append(0, eventsAfter(0, 'x'))).toEqual({ kind: 'conflict', head: 3, common: 0 })
        expect(await append(0, eventsAfter(0, 'a', 'x', 'c', 'd'))).toEqual({ kind: 'conflict', head: 3, common: 1 })
        expect(await append(2, eventsAfter(2, 'x', 'y'))).toEqual({ kind: 'conflict', head: 3, common: 2 })
        expect(await values()).toEqual(['a', 'b', 'c'])
      })

      it.each<[string, Partial<LogEvent>]>([
        ['name', { name: 'v1.Other' }],
        ['args', { argsJson: '{"value":"b"}' }],
        ['missing args', { argsJson: undefined }],
        ['args null', { argsJson: 'null' }],
        ['clientId', { clientId: 'other' }],
        ['sessionId', { sessionId: 'other' }],
      ])('conflicts with an event that differs in: %s', async (_, change) => {
        await append(0, eventsAfter(0, 'a'))
        const other = { ...eventsAfter(0, 'a')[0]!, ...change }
        expect(await append(0, [other])).toEqual({ kind: 'conflict', head: 1, common: 0 })
      })

      it('reports a parent above the head, and stores nothing', async () => {
        await append(0, eventsAfter(0, 'a'))
        expect(await append(2, eventsAfter(2, 'x'))).toEqual({ kind: 'parent_ahead', head: 1 })
        expect(await values()).toEqual(['a'])
      })
    })

    describe('a push that others have overtaken, with maxBetween', () => {
      /** Commits with ids of their own. */
      const commits = (parent: number, ...names: readonly string[]): LogEvent[] =>
        eventsAfter(parent, ...names).map((event, index) =>
          Object.assign({}, event, { sessionId: `tab#${names[index]!}` }),
        )
      const push = (parent: number, events: readonly LogEvent[], options: Partial<AppendOptions> = {}) =>
        log.append(parent, events, { ...ORIGIN, maxBetween: 10, ...options })

      it('is stored behind their events, under the numbers that follow', async () => {
        await append(0, commits(0, 'x', 'y'))
        const added = stored(commits(2, 'a', 'b'))
        expect(await push(0, commits(0, 'a', 'b'))).toEqual({
          kind: 'appended',
          head: 4,
          before: 2,
          firstNew: 0,
          taken: 2,
          added,
          common: 0,
        })
        expect(await values()).toEqual(['x', 'y', 'a', 'b'])
        expect((await read(2, ALL)).events).toEqual(added)
      })

      it.each<[string, number, string[], string[], number]>([
        ['a repeat whose response was lost', 0, ['a', 'b'], [], 0],
        ['a repeat with more events after it', 0, ['a', 'b', 'c'], ['c'], 0],
        ['a repeat after the events that both sides have', 0, ['x', 'a', 'b', 'c'], ['c'], 1],
        ['what follows, under the numbers of others', 2, ['c'], ['c'], 2],
      ])('recognizes %s', async (_, parent, pushed, added, common) => {
        await append(0, commits(0, 'x', 'y'))
        await push(0, commits(0, 'a', 'b'))
        const result = await push(parent, commits(parent, ...pushed))
        expect(result).toMatchObject({ kind: 'appended', before: 4, common, added: commits(4, ...added) })
        expect(await values()).toEqual(['x', 'y', 'a', 'b', ...added])
      })

      it('is stored beside an event of another member who has taken its id', async () => {
        const [taken] = commits(0, 'a')
        await append(0, [{ ...taken!, argsJson: '{"value":"hostile"}' }])
        expect(await push(0, commits(0, 'a'))).toMatchObject({ kind: 'appended', head: 2 })
        expect(await values()).toEqual(['hostile', 'a'])
      })

      it('conflicts when more events lie between', async () => {
        await append(0, commits(0, 'x', 'y', 'z'))
        expect(await push(0, commits(0, 'a'), { maxBetween: 2 })).toEqual({ kind: 'conflict', head: 3, common: 0 })
        expect(await push(0, commits(0, 'x', 'a'), { maxBetween: 2 })).toMatchObject({ kind: 'appended', head: 4 })
      })

      it('is checked from its first new event on, and taken as far as it may be', async () => {
        await append(0, commits(0, 'x', 'y'))
        await push(0, commits(0, 'a'))
        const firstNew: number[] = []
        const check = (index: number) => firstNew.push(index) + 1
        const result = await push(0, commits(0, 'a', 'b', 'c'), { check })
        expect(firstNew).toEqual([1])
        expect(result).toMatchObject({ head: 4, firstNew: 1, taken: 2, added: commits(3, 'b'), common: 0 })
      })

      it('of many writers at once is stored once, and in the order of each', async () => {
        const write = async (id: string) => {
          for (let done = 0; done < 20; done++) await push(0, commits(0, ...names(id, done + 1)), { maxBetween: 200 })
        }
        const names = (id: string, count: number) => Array.from({ length: count }, (_, index) => `${id}${index}`)
        await Promise.all(['a', 'b', 'c'].map(write))
        const all = (await values()) as string[]
        expect(all).toHaveLength(60)
        for (const id of ['a', 'b', 'c']) expect(all.filter((name) => name.startsWith(id))).toEqual(names(id, 20))
      })
    })

    describe('check', () => {
      const refuse = () => {
        throw new Error('no right')
      }
      const take = (taken: number) => ({ ...ORIGIN, check: () => taken })

      it('refuses the whole push by an error, and stores nothing', async () => {
        await append(0, eventsAfter(0, 'a'))
        const push = log.append(0, eventsAfter(0, 'a', 'b', 'c'), { ...ORIGIN, check: refuse })
        await expect(push).rejects.toThrow('no right')
        expect(await values()).toEqual(['a'])
        expect(await append(1, eventsAfter(1, 'b'))).toMatchObject({ kind: 'appended', head: 2 })
      })

      it.each([
        ['none of the new events', 1, ['a']],
        ['a prefix', 2, ['a', 'b']],
        ['all', 3, ['a', 'b', 'c']],
      ])('takes %s', async (_, taken, expected) => {
        await append(0, eventsAfter(0, 'a'))
        const result = await log.append(0, eventsAfter(0, 'a', 'b', 'c'), take(taken))
        expect(result).toMatchObject({ kind: 'appended', head: taken, before: 1, firstNew: 1, taken })
        expect(await values()).toEqual(expected)
      })

      it('lets the rest of a push follow a prefix that was taken, and recognizes the prefix when it comes again', async () => {
        await log.append(0, eventsAfter(0, 'a', 'b', 'c'), take(1))
        const repeat = await log.append(0, eventsAfter(0, 'a', 'c'), ORIGIN)
        expect(repeat).toMatchObject({ kind: 'appended', head: 2, before: 1, firstNew: 1, taken: 2 })
        expect(await values()).toEqual(['a', 'c'])
      })

      it('gets the index of the first new event', async () => {
        await append(0, eventsAfter(0, 'a'))
        const indexes: number[] = []
        const check = (firstNew: number) => indexes.push(firstNew) + 1
        await log.append(0, eventsAfter(0, 'a', 'b'), { ...ORIGIN, check })
        expect(indexes).toEqual([1])
      })

      it('gets the events and bytes in the log: what was taken, once', async () => {
        const usages: Usage[] = []
        const check = (taken: number) => (_: number, usage: Usage) => (usages.push(usage), taken)
        const events = eventsAfter(0, 'a', 'ü', 'c')
        const bytes = (count: number) => events.slice(0, count).reduce((sum, event) => sum + eventBytes(event), 0)
        await log.append(0, events, { ...ORIGIN, check: check(1) })
        await log.append(0, events, { ...ORIGIN, check: check(2) })
        await append(0, events.slice(0, 2))
        await log.append(0, events, { ...ORIGIN, check: check(2) })
        await append(0, events)
        await log.append(0, [...events, ...eventsAfter(3, 'd')], { ...ORIGIN, check: check(3) })
        expect(usages).toEqual([0, 1, 2, 3].map((count) => ({ events: count, bytes: bytes(count) })))
      })

      it('does not run for repeats, conflicts and parents above the head', async () => {
        await append(0, eventsAfter(0, 'a'))
        const options = { ...ORIGIN, check: refuse }
        expect(await log.append(0, eventsAfter(0, 'a'), options)).toMatchObject({ kind: 'appended', taken: 1 })
        expect(await log.append(0, eventsAfter(0, 'x'), options)).toMatchObject({ kind: 'conflict' })
        expect(await log.append(5, eventsAfter(5, 'x'), options)).toMatchObject({ kind: 'parent_ahead' })
      })

      it('stores the prefix of each push of two writers at the same time', async () => {
        const write = async (id: string) => {
          for (let done = 0, parent = 0; done < 10;) {
            const result = await log.append(parent, eventsAfter(parent, `${id}${done}`, 'refused'), {
              ...ORIGIN,
              check: (firstNew) => firstNew + 1,
            })
            if (result.kind === 'appended') done++
            parent = result.head
          }
        }
        await Promise.all(['a', 'b'].map(write))
        const stored = await values()
        expect(stored).toHaveLength(20)
        expect(stored).not.toContain('refused')
      })
    })

    describe('read', () => {
      it('returns the events after `since`, at most `limit`', async () => {
        await append(0, eventsAfter(0, 1, 2, 3, 4, 5))
        expect(await values(2)).toEqual([3, 4, 5])
        expect(await values(1, { ...ALL, limit: 2 })).toEqual([2, 3])
        expect(await read(5, ALL)).toEqual({ head: 5, events: [] })
        expect(await read(6, ALL)).toEqual({ head: 5, events: [] })
      })

      it('starts and ends within what was appended together', async () => {
        await append(0, eventsAfter(0, 1))
        await append(1, eventsAfter(1, 2, 3, 4))
        await append(4, eventsAfter(4, 5))
        expect(await values(0)).toEqual([1, 2, 3, 4, 5])
        expect(await values(1)).toEqual([2, 3, 4, 5])
        expect(await values(2)).toEqual([3, 4, 5])
        expect(await values(1, { ...ALL, limit: 2 })).toEqual([2, 3])
        expect(await values(0, { ...ALL, limit: 3 })).toEqual([1, 2, 3])
        const bytes = eventBytes(eventsAfter(0, 1)[0]!) + 1
        expect(await values(0, { ...ALL, maxBytes: 4 * bytes })).toEqual([1, 2, 3, 4])
        expect(await values(0, { ...ALL, maxBytes: 4 * bytes - 1 })).toEqual([1, 2, 3])
        expect(await values(0, { ...ALL, limit: 4 })).toEqual([1, 2, 3, 4])
        expect(await values(0, { ...ALL, limit: 1 })).toEqual([1])
      })

      it('returns at most `maxBytes`, but at least one event', async () => {
        const large = 'ü'.repeat(1_000)
        await append(0, eventsAfter(0, large, large, large))
        expect(await values(0, { limit: 10, maxBytes: 4_500 })).toHaveLength(2)
        expect(await values(0, { limit: 10, maxBytes: 10 })).toHaveLength(1)
      })

      it('can be left in the middle before the next append', async () => {
        await append(0, eventsAfter(0, 1, 2, 3))
        await values(0, { limit: 10, maxBytes: 10 })
        expect(await append(3, eventsAfter(3, 4))).toMatchObject({ head: 4 })
        expect(await values()).toEqual([1, 2, 3, 4])
      })
    })

    it('stores each number once when many append at the same time', async () => {
      const writer = async (id: string) => {
        for (let done = 0, parent = 0; done < 20;) {
          const result = await append(parent, eventsAfter(parent, `${id}${done}`))
          if (result.kind === 'appended') done++
          parent = result.head
        }
      }
      await Promise.all(['a', 'b', 'c'].map(writer))
      const { events } = await read(0, ALL)
      expect(events.map(({ seqNum }) => seqNum)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
      expect(new Set(await values()).size).toBe(60)
    })

    it('keeps stores apart', async () => {
      const other = await subject.logs.open('Shop-2')
      await append(0, eventsAfter(0, 'a'))
      expect(await other.head()).toBe(0)
      expect(other.backendId).not.toBe(log.backendId)
    })

    it('opens the same log each time', async () => {
      await append(0, eventsAfter(0, 'a'))
      const again = await subject.logs.open('shop')
      expect(again.backendId).toBe(log.backendId)
      expect(await again.head()).toBe(1)
    })

    it('refuses calls after close, which may be called again', async () => {
      await log.close()
      await log.close()
      await expect(log.head()).rejects.toMatchObject({ name: 'EventLogError', code: 'closed' })
      await expect(append(0, eventsAfter(0, 'a'))).rejects.toMatchObject({ code: 'closed' })
      await expect(read(0, ALL)).rejects.toMatchObject({ code: 'closed' })
    })

    if (restarts) restartCase(() => subject)
  })
}

const readPage = async (log: EventLog, since: number, limits: ReadLimits): Promise<Omit<Page, 'json'>> => {
  const { json, ...page } = await log.read(since, limits)
  const text = json.map((piece) => new TextDecoder().decode(piece)).join(',')
  expect(text).toBe(page.events.map(eventToJson).join(','))
  return page
}

const restartCase = (subject: () => EventLogSubject): void => {
  it('keeps events, backend id and repeats over a restart', async () => {
    const before = await subject().logs.open('shop')
    await before.append(0, eventsAfter(0, 'a', 'b'), ORIGIN)
    const page = await readPage(before, 0, ALL)
    const log = await (await subject().reopen!()).open('shop')
    expect(log.backendId).toBe(before.backendId)
    expect(await readPage(log, 0, ALL)).toEqual(page)
    expect(await log.append(0, eventsAfter(0, 'a', 'b', 'c'), ORIGIN)).toMatchObject({ head: 3, firstNew: 2 })
  })
}
