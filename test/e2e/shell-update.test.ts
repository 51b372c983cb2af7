/** The service worker of a new release takes over while a page of the old one works. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { BROWSERS, createDevice } from './device.ts'
import { buildRelease, createSite, releaseOf, updateServiceWorker } from './release.ts'
import { startServer } from './server.ts'

const SIZE = 40 * MiB

let next = ''
beforeAll(async () => {
  next = await buildRelease('next')
})
afterAll(() => rm(next, { recursive: true, force: true }))

describe.each(BROWSERS)('an update of the service worker (%s)', (browser) => {
  test('leaves a download that runs alone', async () => {
    await using site = await createSite()
    await using server = await startServer(site.folder)
    await using A = await createDevice(browser, server.url)
    await using B = await createDevice(browser, server.url)
    const a = await A.open()
    await a.add('reef.bin', 'reef', SIZE)
    await a.waitForState('reef.bin', 'stored')
    const b = await B.open()
    await b.waitForState('reef.bin', 'remote')
    await b.inPage(async (pool) => {
      const start = async () => {
        const { body } = await fetch(pool.url(pool.files.list()[0]!))
        const reader = body!.getReader()
        const { value } = await reader.read()
        return { reader, parts: [value!] }
      }
      Object.assign(window, { fast: await start(), slow: await start() })
    })

    await site.deploy(next)
    const downloaded = await b.inPage(async () => {
      const registration = await navigator.serviceWorker.ready
      await registration.update()
      const { installing } = registration
      while (installing?.state === 'installing') {
        await new Promise((resolve) => installing.addEventListener('statechange', resolve, { once: true }))
      }
      const rest = async ({ reader, parts }: Started) => {
        for (let read = await reader.read(); !read.done; read = await reader.read()) parts.push(read.value)
        const bytes = await new Blob(parts).arrayBuffer()
        const digest = await crypto.subtle.digest('SHA-256', bytes)
        const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
        return { size: bytes.byteLength, hash }
      }
      interface Started {
        readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>
        readonly parts: Uint8Array<ArrayBuffer>[]
      }
      const { fast, slow } = window as never as { readonly fast: Started; readonly slow: Started }
      return [await rest(fast), await rest(slow)]
    })
    const whole = { size: SIZE, hash: sha256(bytesOf('reef', SIZE)) }
    expect(downloaded).toEqual([whole, whole])
    await b.inPage(async () => {
      while ((await navigator.serviceWorker.ready).waiting) await new Promise((turned) => requestAnimationFrame(turned))
    })
    await b.reload()
    expect([await releaseOf(b), await b.fetched('reef.bin')]).toEqual(['next', whole.hash])
  })

  test('leaves an old tab the files with which it leads', async () => {
    await using site = await createSite()
    await using server = await startServer(site.folder)
    await using device = await createDevice(browser, server.url)
    const leader = await device.open()
    const old = await device.open()
    await leader.add('before.bin', 'before', 5_000)
    await old.shows('before.bin')

    await site.deploy(next)
    await updateServiceWorker(leader)
    await leader.reload()
    expect([await releaseOf(leader), await releaseOf(old)]).toEqual(['next', ''])
    await old.add('led.bin', 'led', 5_000)
    for (const tab of [leader, old]) await tab.shows('before.bin', 'led.bin')
    await old.waitForState('led.bin', 'stored')
  })
})
