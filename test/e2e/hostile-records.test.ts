/** Events that no honest client writes: pushed to the server, and in a log that another server filled without checks. */
import { join } from 'node:path'
import { poolArgs } from '@rockpool/access/testing'
import { sqliteLogs } from '@rockpool/sync-server/node'
import { type HttpClient, httpClient } from '@rockpool/sync-server/testing'
import { describe, expect, test } from 'vitest'
import {
  event,
  fileAdded,
  HOSTILE_EVENTS,
  type HostileEvent,
} from '../../packages/livestore/src/testing/hostile-events.ts'
import { HOSTILE_PUSHES, type Ingredients } from '../../packages/sync-server/src/testing/hostile-pushes.ts'
import { bytesOf, sha256 } from './content.ts'
import { BROWSERS, ONE_BROWSER } from './device.ts'
import { tokenSigner } from './network-tokens.ts'
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

/** A writer with a good token and a client of its own. */
const hostileWriter = async (server: Server): Promise<HttpClient> => {
  const sign = await tokenSigner(server)
  const rights = ['read', 'write', 'delete'] as const
  const token = sign({ user: 'mallory', storeId: STORE_ID, rights, lifetimeMs: 600_000 })
  return httpClient(`${server.url}sync`, STORE_ID, token)
}

/** Pushes behind whatever is in the log by then. */
const push = async (writer: HttpClient, make: (head: number) => readonly object[]) => {
  for (;;) {
    const { head } = (await writer.head()).body
    const body = JSON.stringify({ parent: head, events: make(head) })
    const response = await writer.post(body)
    if (response.status !== 409) return { ...response, pushed: body }
  }
}

const added = (name: string) => (change?: object) => ({
  ...poolArgs(STORE_ID)['v2.FileAdded'],
  id: name,
  name,
  type: 'text/plain',
  ...change,
})

/** The n-th event behind the head. */
const eventAfter =
  (head: number): Ingredients['event'] =>
  (n, name, args) => ({
    name,
    args,
    seqNum: head + n,
    parentSeqNum: head + n - 1,
    clientId: 'mallory',
    sessionId: 'm1',
  })

/** Keeps what a person would notice. A busy machine alone makes sync `stuck` for a while: that is looked at in the end. */
const watch = (tab: Tab) =>
  tab.inPage((pool) => {
    const noticed: string[] = []
    pool.sync.subscribe(({ state, reason }) => {
      if (state === 'refused') noticed.push(reason.message)
    })
    pool.on('error', ({ error, sync }) => {
      if (sync?.state !== 'stuck') noticed.push(error.message)
    })
    window.addEventListener('error', ({ message }) => noticed.push(message))
    window.addEventListener('unhandledrejection', ({ reason }) => noticed.push(String(reason)))
    Object.assign(window, { noticed })
  })
const noticedIn = (tab: Tab): Promise<string[]> =>
  tab.inPage(() => (window as never as { readonly noticed: string[] }).noticed)

const namesIn = async (tab: Tab) => (await tab.tiles()).map(({ name }) => name)

describe.each(BROWSERS)('pushes of an adversary (%s)', (browser) => {
  test('are refused with a code and a sentence or do no harm, and no device notices', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const [a, b] = [await A.open(), await B.open()]
      await a.add('of-a.bin', 'of-a', 1_000)
      const shown = ['of-a.bin']
      for (const tab of [a, b]) {
        await tab.waitForState('of-a.bin', 'stored', 'remote')
        await watch(tab)
      }
      const writer = await hostileWriter(server)
      const victim = await a.inPage(() => {
        const { clientId, sessionId } = (window as never as { readonly store: Ingredients['victim'] }).store
        return { clientId, sessionId }
      })

      for (const [index, [kind, make, outcome]] of HOSTILE_PUSHES.entries()) {
        const name = `evil-${index}`
        const { status, body, pushed } = await push(writer, (head) =>
          make({ event: eventAfter(head), added: added(name), head, victim }),
        )
        if (typeof outcome === 'number') expect([kind, status]).toEqual([kind, outcome])
        else if (outcome.length === 0) expect([kind, status]).toEqual([kind, 200])
        else expect([kind, status, body.refused.map(({ code }) => code)]).toEqual([kind, 422, outcome])
        const sentences = status === 422 ? body.refused : status === 200 ? [] : [body.error]
        for (const { message } of sentences) expect(message).toMatch(/^\w[^\n]+\.$/)
        if (status === 200 && pushed.includes(name)) shown.push(name)
      }
      expect(shown).toHaveLength(4)

      await a.add('after-of-a.bin', 'after-of-a', 1_000)
      await b.add('of-b.bin', 'of-b', 1_000)
      for (const tab of [a, b]) {
        await tab.shows(...shown, 'after-of-a.bin', 'of-b.bin')
        expect(await noticedIn(tab)).toEqual([])
        await expect.poll(() => tab.inPage(({ sync }) => sync.current.state), { timeout: 60_000 }).toBe('online')
      }
      await a.reload()
      await a.shows(...shown, 'after-of-a.bin', 'of-b.bin')
    }))
})

describe.each(BROWSERS)('records of an adversary (%s)', (browser) => {
  test('keep no device from syncing, and from showing all other files', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const a = await A.open()
      await a.add('before.bin', 'before', 1_000)
      await a.waitForState('before.bin', 'stored')
      const [before] = await a.tiles()

      await server.stop('SIGTERM')
      await a.add('unsent.bin', 'unsent', 1_000)
      const unsent = await a.inPage((pool) => pool.files.list({ search: 'unsent.bin' })[0]!.remoteKey)
      const cases = Object.entries(HOSTILE_EVENTS)
      await append(server, [
        ...cases.flatMap(([_, makeEvents], i) => makeEvents(STORE_ID, `hostile-${i}`)),
        // A lure: the content of an honest file, and another size.
        fileAdded(STORE_ID, 'lure', {
          name: 'lure.txt',
          remoteKey: await a.inPage((pool, id) => pool.files.get(id)!.remoteKey, before!.id),
        }),
        fileAdded(STORE_ID, 'far-future', { name: 'far-future.txt', at: 9e15 }),
        // The only copy of this content is on a device: the log calls it stored, and deletes its other file.
        fileAdded(STORE_ID, 'rival', { name: 'rival.bin', remoteKey: unsent, size: 1_000 }),
        event('v2.ContentStored', { opId: 'forged', remoteKey: unsent, etag: 'forged' }),
        event('v2.FileDeleted', { opId: 'forged too', id: 'rival', at: 9e12 }),
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
      await a.waitForState('unsent.bin', 'stored')
      await waitFor(b, 'unsent.bin')
      expect(await b.fetched('unsent.bin')).toBe(sha256(bytesOf('unsent', 1_000)))
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
})

describe.each(ONE_BROWSER)('a gallery (%s)', (browser) => {
  test('shows a file that it cannot draw as a tile that says so, and every other file its own', () =>
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

  test('opens the list for a link whose file cannot be opened', () =>
    inWorld(browser, async ({ A }) => {
      const shown: string[] = []
      for (const id of ['%', '%E0%A4%A', 'nobody']) {
        const a = await A.open(`#file=${id}`)
        await a.add(`${id}.bin`, id, 10)
        shown.push(`${id}.bin`)
        await a.shows(...shown)
        await expect.poll(() => a.page.evaluate(() => location.hash)).toBe('')
        await a.close()
      }
    }))
})
