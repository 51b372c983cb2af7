import { describe, expect, test } from 'vitest'
import type { RecordLog, Refusal } from '../ports/record-log.ts'
import type { RecordLogFixture } from './record-log-suite.ts'
import { eventMaker } from './sample-events.ts'

/**
 * What a RecordLog with `refusals` must do. Its sync server refuses file names with a slash by `bad_name`, as
 * docs/contracts/sync-http.md says. `make` as in `recordLogSuite`.
 */
export const recordLogRefusalSuite = (name: string, make: () => Promise<RecordLogFixture>): void => {
  describe(`RecordLog: ${name}, events that the sync server refuses`, () => {
    test('are named with a code and a sentence, and leave the log', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const heard = refusalsOf(log)
      const refused = event.added('f1', { name: 'a/b' })
      log.append([refused])
      expect(await heard.until(1)).toEqual([
        { opId: refused.opId, code: 'bad_name', message: expect.stringMatching(/\w.*\.$/) },
      ])
      await until(log, () => !log.applied(refused.opId))
      expect(log.file('f1')).toBeUndefined()
      expect(log.list({})).toEqual([])
      expect(log.versions('f1')).toEqual([])
    })

    test('do not hold back what is around them, on this device and on another one', async () => {
      await using fixture = await make()
      const [a, b] = [await fixture.open('a'), await fixture.open('b')]
      const event = eventMaker(fixture.storeId, 'op')
      const heard = refusalsOf(a)
      const before = event.added('before')
      const refused = [event.added('f1', { name: 'a/b' }), event.renamed('before', 'c/d')]
      const behind = [event.added('behind'), event.renamed('before', 'renamed.jpg')]
      a.append([before, refused[0]!, behind[0]!, refused[1]!, behind[1]!])
      expect((await heard.until(2)).map(({ opId }) => opId).toSorted()).toEqual(
        refused.map(({ opId }) => opId).toSorted(),
      )
      for (const log of [a, b]) {
        await until(log, () => behind.every(({ opId }) => log.applied(opId)))
        await until(log, () => refused.every(({ opId }) => !log.applied(opId)))
        expect(log.list({}).map((file) => file.name)).toEqual(['behind.jpg', 'renamed.jpg'])
      }
    })

    test('are changes of what they named', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const added = event.added('f1')
      log.append([added])
      await confirmed(log, added.opId)
      await fixture.disconnect('a')
      const heard = refusalsOf(log)
      log.append([event.renamed('f1', 'a/b'), event.added('f2', { name: 'c/d' })])
      const { cursor } = log.changes(undefined, 100)
      await fixture.connect('a')
      await heard.until(2)
      await until(log, () => log.file('f1')?.name === 'f1.jpg' && log.file('f2') === undefined)
      expect(log.changes(cursor, 100).subjects).toEqual(expect.arrayContaining(['f1', 'f2']))
    })

    test('that were appended offline are refused when the device is connected again', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      await fixture.disconnect('a')
      const heard = refusalsOf(log)
      const refused = event.added('f1', { name: 'a/b' })
      log.append([refused])
      expect(log.file('f1')).toBeDefined()
      await fixture.connect('a')
      expect(await heard.until(1)).toMatchObject([{ opId: refused.opId }])
    })

    test('are refused again when they are appended again', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const heard = refusalsOf(log)
      const refused = event.added('f1', { name: 'a/b' })
      log.append([refused])
      await heard.until(1)
      await until(log, () => !log.applied(refused.opId))
      const again = refusalsOf(log)
      log.append([refused])
      expect(await again.until(1)).toMatchObject([{ opId: refused.opId, code: 'bad_name' }])
      await until(log, () => !log.applied(refused.opId))
    })

    test('are not told after the listener unsubscribed', async () => {
      await using fixture = await make()
      const log = await fixture.open('a')
      const event = eventMaker(fixture.storeId, 'op')
      const silent: Refusal[] = []
      const end = log.refusals!((refusal) => silent.push(refusal))
      end()
      end()
      const heard = refusalsOf(log)
      log.append([event.added('f1', { name: 'a/b' })])
      await heard.until(1)
      expect(silent).toEqual([])
    })
  })
}

/** Collects refusals, each event once. */
const refusalsOf = (log: RecordLog) => {
  const heard = new Map<string, Refusal>()
  let look = () => {}
  log.refusals!((refusal) => {
    heard.set(refusal.opId, refusal)
    look()
  })
  return {
    /** The refusals of at least `count` events. */
    until: (count: number) =>
      new Promise<readonly Refusal[]>((resolve) => {
        look = () => {
          if (heard.size >= count) resolve([...heard.values()])
        }
        look()
      }),
  }
}

/** Waits until `holds`, looking again whenever the log changed. */
const until = (log: RecordLog, holds: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = () => {
      if (!holds()) return
      end()
      resolve()
    }
    const end = log.subscribe(look)
    look()
  })

const confirmed = async (log: RecordLog, opId: string): Promise<void> => {
  for await (const confirmation of log.confirmations(undefined, new AbortController().signal)) {
    if (confirmation.opId === opId) return
  }
}
