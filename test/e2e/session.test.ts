/** Who may read what the service worker serves. */
import { describe, expect, test } from 'vitest'
import { MiB } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

/** Changes the session row of a store as no app does, past the pool. Runs in the page. */
const changeSession = async (_pool: unknown, storeId: string, token: string | null): Promise<void> => {
  const done = <A>(request: IDBRequest<A>) =>
    new Promise<A>((resolve, reject) => {
      request.addEventListener('success', () => resolve(request.result))
      request.addEventListener('error', () => reject(request.error!))
    })
  const database = await done(indexedDB.open(`rockpool-${storeId}`))
  const sessions = database.transaction('session', 'readwrite').objectStore('session')
  if (token === null) await done(sessions.delete('session'))
  else await done(sessions.put({ ...(await done(sessions.get('session'))), token }))
  database.close()
}

describe.each(BROWSERS)('a session (%s)', (browser) => {
  test('that has expired is renewed by the refresh URL when no page of the app is open', () =>
    inWorld(browser, async ({ A, B }) => {
      const a = await A.open()
      const text = await a.inPage((pool) => pool.add(new File(['a reef'], 'reef.txt', { type: 'text/plain' })))
      await a.waitForState('reef.txt', 'stored')
      const b = await B.open()
      await b.shows('reef.txt')
      await b.inPage(changeSession, 'gallery', 'expired')
      const url = await b.inPage((pool, id) => new URL(pool.url(id), location.href).href, text.id)
      await b.close()
      const page = await B.blank()
      await page.goto(url, { waitUntil: 'domcontentloaded' })
      expect(await page.evaluate(() => document.body.innerText.trim())).toBe('a reef')
    }))

  test('belongs to one store: without it nothing of the store is read, and other users read on', () =>
    inWorld(browser, async ({ A }) => {
      const ada = await A.open('?store=reef&user=ada')
      const bob = await A.open('?store=cape&user=bob')
      for (const tab of [ada, bob]) await tab.add('fish.bin', 'fish', 1_000)
      const hash = await ada.fetched('fish.bin')
      expect([hash.length, await bob.fetched('fish.bin')]).toEqual([64, hash])
      await ada.inPage(changeSession, 'reef', null)
      expect(await ada.fetched('fish.bin')).toMatch(/^status 403: .*You are signed out/)
      expect(await bob.fetched('fish.bin')).toBe(hash)
    }))

  test.each([
    ['on this disk', 300 * MiB],
    ['not on this disk', 24 * MiB],
  ])('that is gone ends a response under way in an error: of a file %s', (where, size) =>
    inWorld(browser, async ({ A, B }) => {
      const a = await A.open()
      await a.add('reef.bin', 'reef', size)
      await a.waitForState('reef.bin', 'stored')
      const tab = where === 'on this disk' ? a : await B.open()
      await tab.shows('reef.bin')
      await tab.inPage(async (pool) => {
        const reader = (await fetch(pool.url(pool.files.list()[0]!))).body!.getReader()
        const { value } = await reader.read()
        Object.assign(window, { reader, read: value!.length })
      })
      await tab.inPage(changeSession, 'gallery', null)
      const { read, isError } = await tab.inPage(async () => {
        const { reader, read } = window as unknown as { reader: ReadableStreamDefaultReader<Uint8Array>; read: number }
        let bytes = read
        try {
          for (;;) {
            const { done, value } = await reader.read()
            if (done) return { read: bytes, isError: false }
            bytes += value.length
          }
        } catch {
          return { read: bytes, isError: true }
        }
      })
      expect(isError).toBe(true)
      expect(read).toBeLessThan(size / 2)
    }),
  )
})
