import { describe, expect, test } from 'vitest'
import { createDevice, ONE_BROWSER } from './device.ts'
import { addFiles, behindNetwork, numbered, socketOpen, timeToShow, withLog } from './network-story.ts'
import { startNetwork } from './network.ts'
import { startServer } from './server.ts'
import type { Tab } from './tab.ts'

/*
 * The times that are printed, on a quiet machine: polling begins 3 s after the last socket, and its first intervals are 2 to 3 s; a
 * socket that lost the last message learns of the head by the next ping, at most 25 s later; a page waits for a token for 10 s, then opens
 * with the last one that it had.
 */

/** Records every moment at which the page shows a file twice. */
const watchTwins = (tab: Tab) =>
  tab.page.evaluate(() => {
    const twins: string[] = []
    Object.assign(window, { twins })
    new MutationObserver(() => {
      const ids = [...document.querySelectorAll<HTMLElement>('[data-testid=file]')].map(({ dataset }) => dataset.id)
      if (new Set(ids).size < ids.length) twins.push(ids.join(' '))
    }).observe(document.body, { childList: true, subtree: true })
  })

const twinsSeen = (tab: Tab) => tab.page.evaluate(() => (window as never as { readonly twins: string[] }).twins)

describe.each(ONE_BROWSER)('a poor network (%s)', (browser) => {
  test('devices whose WebSockets are refused or cut send and receive by polling', async () => {
    await using server = await startServer()
    await using refusing = await startNetwork(server.url)
    await using cutting = await startNetwork(server.url)
    refusing.upgrades = 'refuse'
    cutting.upgrades = 'cut'
    await using A = await createDevice(browser, refusing.url)
    await using B = await createDevice(browser, cutting.url)
    await withLog({ refusing, cutting }, async () => {
      const a = await A.open()
      const b = await B.open()
      const names: string[] = []
      const times: number[] = []
      for (const [sender, receiver, name] of [
        [b, a, '0.bin'],
        [a, b, '1.bin'],
        [b, a, '2.bin'],
        [a, b, '3.bin'],
      ] as const) {
        await addFiles(sender, name)
        names.push(name)
        times.push(await timeToShow(receiver, ...names))
      }
      console.log(`${browser}: without a socket, files arrive after ${times.join(', ')} ms`)
      for (const network of [refusing, cutting]) {
        expect(network.upgradeRequests).toBeGreaterThan(0)
        expect(network.openSockets).toBe(0)
      }
    })
  })

  test('a device that misses every second message, and then the last one, has all files without a reload', () =>
    behindNetwork(browser, async ({ network, A, B }) => {
      const a = await A.open()
      const b = await B.open()
      await socketOpen(network)
      const names = numbered('', 10)
      let messages = 0
      network.deliver = () => (messages++ % 2 === 0 ? [] : [0])
      await addFiles(b, ...names.slice(0, -1))
      await b.waitForState(names[8]!, 'stored')
      network.deliver = () => [0]
      await addFiles(b, names[9]!)
      const gaps = await timeToShow(a, ...names)
      for (const tab of [a, b]) await tab.waitForState(names[9]!, 'remote', 'stored', 'downloading')
      expect(messages).toBeGreaterThan(1)

      let lost = 0
      network.deliver = () => {
        lost++
        return []
      }
      // One event, and so one message.
      await b.inPage((pool) => pool.rename(pool.files.list().find(({ name }) => name === '0.bin')!.id, 'renamed.bin'))
      await expect.poll(() => lost, { timeout: 10_000 }).toBeGreaterThan(0)
      network.deliver = () => [0]
      const last = await timeToShow(a, ...names.slice(1), 'renamed.bin')
      console.log(`${browser}: lost messages heal after ${gaps} ms, a lost last one after ${last} ms`)
    }))

  test('messages that come twice, late and out of order show each file once', () =>
    behindNetwork(browser, async ({ network, A, B }) => {
      const a = await A.open()
      const b = await B.open()
      await socketOpen(network)
      await watchTwins(a)
      let messages = 0
      network.deliver = () => (messages++ % 3 === 0 ? [300, 700] : [0, 500])
      const names = [numbered('a', 5), numbered('b', 10)] as const
      await Promise.all([addFiles(a, ...names[0]), addFiles(b, ...names[1])])
      const times = await Promise.all([a, b].map((tab) => timeToShow(tab, ...names.flat())))
      for (const name of names.flat()) await a.waitForState(name, 'remote', 'stored', 'downloading')
      console.log(`${browser}: with doubled and late messages the lists agree after ${times.join(' and ')} ms`)
      expect(messages).toBeGreaterThan(1)
      expect(await twinsSeen(a)).toEqual([])
      await a.shows(...names.flat())
    }))

  test('a page that is reloaded ten times, and whose sockets are never seen to close, gets each new file', () =>
    behindNetwork(browser, async ({ network, A, B }) => {
      network.passesClose = false
      const a = await A.open()
      const b = await B.open()
      await socketOpen(network)
      const names: string[] = []
      const times: number[] = []
      for (const name of numbered('', 10)) {
        // The first pages end while their socket connects.
        network.upgrades = names.length < 3 ? 'hang' : 'pass'
        await a.reload()
        await addFiles(b, name)
        names.push(name)
        times.push(await timeToShow(a, ...names))
      }
      console.log(`${browser}: without Close frames, files arrive after ${times.join(', ')} ms`)
    }))

  test('a page that is reloaded while the server accepts connections without a response shows its files', () =>
    behindNetwork(browser, async ({ server, A }) => {
      const a = await A.open()
      await addFiles(a, 'kept.bin')
      await a.waitForState('kept.bin', 'stored')
      server.suspend()
      const start = performance.now()
      await a.reload()
      await a.shows('kept.bin')
      const time = Math.round(performance.now() - start)
      await addFiles(a, 'new.bin')
      server.resume()
      await a.waitForState('new.bin', 'stored')
      console.log(`${browser}: on a network that hangs, a page shows its files after ${time} ms`)
    }))
})
