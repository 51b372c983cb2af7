import type { PoolEvent } from '@rockpool/core'
import { describe, expect, test } from 'vitest'
import { bytesOf, sha256 } from './content.ts'
import { ONE_BROWSER } from './device.ts'
import type { Tab } from './tab.ts'
import { inWorld } from './world.ts'

const SIZE = 10_000

/** The event that added a file, as the outbox holds it: the record's version is the event's opId. */
const addedEvents = (tab: Tab, names: readonly string[]): Promise<PoolEvent[]> =>
  tab.inPage(
    (pool, names) =>
      pool.files
        .list()
        .filter(({ name }) => names.includes(name))
        .map(({ id, name, type, size, remoteKey, meta, createdAt, version }) => ({
          name: 'v2.FileAdded' as const,
          opId: version,
          args: { id, name, type, size, remoteKey, meta, at: createdAt },
        })),
    names,
  )

describe.each(ONE_BROWSER)('an event that the outbox repeats (%s)', (browser) => {
  test('undoes nothing that another device did meanwhile', () =>
    inWorld(browser, async ({ A, B }) => {
      const a = await A.open()
      const names = ['renamed.bin', 'replaced.bin', 'removed.bin']
      for (const name of names) await a.add(name, name, SIZE)
      for (const name of names) await a.waitForState(name, 'stored')
      const events = await addedEvents(a, names)
      expect(events).toHaveLength(3)

      const b = await B.open()
      await b.shows(...names)
      await b.inPage(async (pool, size) => {
        const idOf = (name: string) => pool.files.list().find((file) => file.name === name)!.id
        await pool.rename(idOf('renamed.bin'), 'new name.bin')
        const head = new TextEncoder().encode('new bytes')
        await pool.replace(idOf('replaced.bin'), new Blob([head, new Uint8Array(size - head.length)]))
        await pool.remove(idOf('removed.bin'))
      }, SIZE)
      await b.waitForState('replaced.bin', 'stored')
      await a.shows('new name.bin', 'replaced.bin')

      await a.inPage((pool, events) => pool.log.append(events), events)
      // The log is in order: who has this file has seen the repeated events.
      await a.add('after.bin', 'after', SIZE)

      for (const tab of [b, a]) {
        await tab.shows('new name.bin', 'replaced.bin', 'after.bin')
        await expect
          .poll(() => tab.fetched('replaced.bin'), { timeout: 30_000 })
          .toBe(sha256(bytesOf('new bytes', SIZE)))
        expect(await tab.fetched('new name.bin')).toBe(sha256(bytesOf('renamed.bin', SIZE)))
      }
    }))
})
