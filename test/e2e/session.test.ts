/** Who may read what the service worker serves. */
import { describe, expect, test } from 'vitest'
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
})
