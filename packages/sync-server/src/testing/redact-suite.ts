/** Acceptance tests of redaction: every adapter that can redact runs them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Usage } from '../event-log/event-log.ts'
import { eventBytes, type LogEvent } from '../event-log/event.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import { isInert } from '../redact/redaction.ts'
import { added, toLogEvent } from './file-events.ts'
import type { ReadModelSubject } from './read-model-suite.ts'

const ALL = { limit: 1_000, maxBytes: 1024 * 1024 }
const CAUSE = { by: 'operator', reason: 'It broke every device.', at: 9_000 }
const note = (value: unknown, from: Partial<LogEvent> = {}): Omit<LogEvent, 'seqNum'> => ({
  name: 'v1.NoteCreated',
  argsJson: JSON.stringify(value),
  clientId: 'c',
  sessionId: 's#page.0',
  ...from,
})

export const redactSuite = (name: string, make: () => Promise<ReadModelSubject>): void => {
  describe(`redaction: ${name}`, { timeout: 60_000 }, () => {
    let subject: ReadModelSubject
    let log: SqlEventLog
    beforeEach(async () => {
      subject = await make()
      log = await subject.open()
    })
    afterEach(() => subject[Symbol.asyncDispose]())

    const numbered = async (events: readonly Omit<LogEvent, 'seqNum'>[]) => {
      const head = await log.head()
      return { head, events: events.map((event, index) => Object.assign({ seqNum: head + 1 + index }, event)) }
    }
    const append = async (...appended: readonly Omit<LogEvent, 'seqNum'>[]) => {
      const { head, events } = await numbered(appended)
      await log.append(head, events, { sub: 'mallory', at: 1 })
    }
    const events = async (since = 0) => (await log.read(since, ALL)).events
    const ids = async () => (await log.readModel.files()).files.map(({ id }) => id)
    const [poison, good] = [toLogEvent(added('poison')), toLogEvent(added('good'))]

    it('serves an event that does nothing at the same number, before and after the log is opened again', async () => {
      await append(poison, good)
      await log.redact(1, CAUSE)
      for (let round = 0; round < 2; round++) {
        const [first, second] = await events()
        expect(isInert(first!)).toBe(true)
        expect(first).toMatchObject({ seqNum: 1, sub: 'mallory', at: 1 })
        expect(second).toMatchObject(good)
        log = await subject.open()
      }
    })

    it('keeps the original with its author, and who redacted it and why', async () => {
      await append(good, poison)
      await log.redact(2, CAUSE)
      const redaction = { original: { ...poison, seqNum: 2, sub: 'mallory', at: 1 }, ...CAUSE, removesFile: true }
      expect(await log.redactions()).toEqual([redaction])
      expect(await log.redactions({ since: 2 })).toEqual([])
    })

    it('appends a delete of a file that devices have, which leaves the read model', async () => {
      await append(poison, good)
      expect((await ids()).toSorted()).toEqual(['good', 'poison'])
      const { before, head, added: compensating } = await log.redact(1, CAUSE)
      expect([before, head]).toEqual([2, 3])
      expect(await events(2)).toEqual(compensating)
      expect(compensating).toMatchObject([{ name: 'v2.FileDeleted', clientId: 'server', sessionId: 'redact#1.1' }])
      expect(JSON.parse(compensating[0]!.argsJson!)).toMatchObject({ id: 'poison', at: 9_000 })
      expect(await ids()).toEqual(['good'])
      expect(await log.readModel.file('poison')).toBe(undefined)
      expect(await log.readModel.failures()).toEqual([])
    })

    it('does not delete a file that the redacted event did not make', async () => {
      await append(good, { ...toLogEvent(added('good', { name: 'evil.exe' })), argsJson: copyOf('good', 'another') })
      expect((await log.redact(2, CAUSE)).added).toEqual([])
      expect(await ids()).toEqual(['good'])
    })

    it('of the same event again changes nothing', async () => {
      await append(poison)
      const first = await log.redact(1, CAUSE)
      const again = await log.redact(1, { by: 'another', reason: 'Again.', at: 10_000 })
      expect(again).toEqual({ redaction: first.redaction, before: 2, head: 2, added: [] })
      expect(await log.redactions()).toEqual([first.redaction])
      expect(await log.head()).toBe(2)
    })

    it.each([0, 2, -1, 1.5, Number.NaN])('refuses the number %d of no event', async (seqNum) => {
      await append(poison)
      await expect(log.redact(seqNum, CAUSE)).rejects.toMatchObject({ code: 'bad_request' })
      expect(await log.redactions()).toEqual([])
      expect(await ids()).toEqual(['poison'])
    })

    it('counts the bytes that the log has now', async () => {
      await append(note('x'.repeat(5_000)), good)
      await log.redact(1, CAUSE)
      const usages: Usage[] = []
      const { head, events: pushed } = await numbered([note('last')])
      await log.append(head, pushed, { sub: 'ada', at: 2, check: (_, usage) => usages.push(usage) })
      const stored = (await events()).slice(0, head)
      expect(usages).toEqual([{ events: 2, bytes: stored.reduce((sum, event) => sum + eventBytes(event), 0) }])
    })

    it.each<[string, string | undefined]>([
      ['nested 20,000 levels deep', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
      ['that are no JSON', '{"half'],
      ['that are missing', undefined],
    ])('takes an event with args %s out of the log', async (_, argsJson) => {
      for (const name of ['v1.NoteCreated', 'v2.FileAdded']) await append(note(0, { name, argsJson }))
      await append(good)
      for (const seqNum of [1, 2]) expect((await log.redact(seqNum, CAUSE)).added).toEqual([])
      expect((await events()).map(isInert)).toEqual([true, true, false])
      expect((await log.redactions()).map(({ original }) => original.argsJson)).toEqual([argsJson, argsJson])
      expect(await ids()).toEqual(['good'])
      expect(await log.readModel.failures()).toEqual([])
    })
  })
}

/** The args of a FileAdded of a file that exists. */
const copyOf = (id: string, opId: string): string =>
  JSON.stringify({ ...(JSON.parse(toLogEvent(added(id)).argsJson!) as object), name: 'evil.exe', opId })
