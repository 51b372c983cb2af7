/** A store with events that no honest client writes, appended past the checks of the server. */
import { join } from 'node:path'
import { sqliteLogs } from '@rockpool/sync-server/node'
import { describe, expect, test } from 'vitest'
import { fileAdded, HOSTILE_EVENTS, type HostileEvent } from '../../packages/livestore/src/testing/hostile-events.ts'
import { BROWSERS } from './device.ts'
import type { Server } from './server.ts'
import type { Tab } from './tab.ts'
import { inWorld } from './world.ts'

const STORE_ID = 'gallery'

/** While the server is stopped: one process at a time has the logs. */
const append = async ({ dataFolder }: Server, events: readonly HostileEvent[]) => {
  const logs = await sqliteLogs({ directory: join(dataFolder, 'events') })
  try {
    const log = await logs.open(STORE_ID)
    const head = await log.head()
    const numbered = events.map((event, i) => ({ clientId: 'hostile', sessionId: 's', ...event, seqNum: head + i + 1 }))
    await log.append(head, numbered, { sub: 'mallory', at: Date.now() })
  } finally {
    await logs.close()
  }
}

const namesIn = async (tab: Tab) => (await tab.tiles()).map(({ name }) => name)

describe.each(BROWSERS)('records of an adversary (%s)', (browser) => {
  test('keep no device from syncing, and from showing all other files', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const a = await A.open()
      await a.add('before.bin', 'before', 1_000)
      await a.waitForState('before.bin', 'stored')
      const [before] = await a.tiles()

      await server.stop('SIGTERM')
      const cases = Object.entries(HOSTILE_EVENTS)
      await append(server, [
        ...cases.flatMap(([_, makeEvents], i) => makeEvents(STORE_ID, `hostile-${i}`)),
        // A lure: the content of an honest file, and another size.
        fileAdded(STORE_ID, 'lure', {
          name: 'lure.txt',
          remoteKey: await a.inPage((pool, id) => pool.files.get(id)!.remoteKey, before!.id),
        }),
        fileAdded(STORE_ID, 'far-future', { name: 'far-future.txt', at: 9e15 }),
      ])
      await server.start()

      const waitFor = async (tab: Tab, ...names: string[]) => {
        await expect.poll(() => namesIn(tab), { timeout: 60_000 }).toEqual(expect.arrayContaining(names))
      }
      await a.add('after.bin', 'after', 1_000)
      await a.waitForState('after.bin', 'stored')
      await waitFor(a, 'before.bin', 'lure.txt', 'far-future.txt', 'invoicefdp.exe')
      const b = await B.open()
      await waitFor(b, 'before.bin', 'after.bin', 'lure.txt', 'far-future.txt', 'invoicefdp.exe')
      await b.add('of-b.bin', 'of-b', 1_000)
      await waitFor(a, 'of-b.bin')
      await a.reload()
      await waitFor(a, 'of-b.bin', 'before.bin', 'after.bin')
      expect((await namesIn(a)).toSorted()).toEqual((await namesIn(b)).toSorted())
      expect((await namesIn(a)).filter((name) => name.length > 255)).toEqual([])

      // The lure is refused, and takes nothing from the file whose content it names.
      const opened = (tab: Tab, id: string) =>
        tab.inPage(
          (pool, id) =>
            pool.open(id).then(
              ({ size }) => size,
              (error: { readonly code: string }) => error.code,
            ),
          id,
        )
      for (const tab of [a, b]) {
        expect(await opened(tab, 'lure')).toBe('size_mismatch')
        expect(await opened(tab, before!.id)).toBe(1_000)
      }
    }))

  test('which the page cannot show get a tile that says so, and every other file its own', () =>
    inWorld(browser, async ({ A }) => {
      const a = await A.open()
      await a.add('good.bin', 'good', 10)
      await a.inPage((pool) => {
        const { url } = pool
        pool.url = (file) => {
          if (typeof file !== 'string' && 'name' in file && file.name === 'bad.png')
            throw new Error('A record that nothing here can show.')
          return url(file)
        }
      })
      await a.inPage((pool) =>
        pool.add(new Blob(['no picture'], { type: 'image/png' }), { name: 'bad.png' }).then(() => {}),
      )
      const broken = await a.page.waitForSelector('[data-testid=broken]')
      expect(await broken!.evaluate((element) => element.textContent)).toMatch('This file cannot be shown.')
      await a.shows('good.bin')
      await (await broken!.waitForSelector('button'))!.click()
      await a.page.waitForSelector('[data-testid=broken]', { hidden: true })
      await a.shows('good.bin')
    }))

  test.each(['%', '%E0%A4%A', 'nobody'])('a link to the file %s opens the list', (id) =>
    inWorld(browser, async ({ A }) => {
      const a = await A.open(`#file=${id}`)
      await a.add('good.bin', 'good', 10)
      await a.shows('good.bin')
      await expect.poll(() => a.page.evaluate(() => location.hash)).toBe('')
    }),
  )
})
