import { describe, expect, test } from 'vitest'
import { createFolder, MiB, bytesOf, png, randomBytes, sha256 } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

describe.each(BROWSERS)('two devices (%s)', (browser) => {
  test('share files, show them offline, and catch up when the network returns', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const contents = {
        'reef.png': png('reef', 320, 200),
        'tape.bin': randomBytes('tape', 30 * MiB), // four parts
        'empty.txt': Buffer.alloc(0),
      }
      const names = Object.keys(contents)
      const digests = Object.values(contents).map(sha256)
      await using folder = await createFolder(contents)

      const a = await A.open()
      await a.pick(...names.map((name) => folder.path(name)))
      await a.shows(...names)
      for (const name of names) await a.waitForState(name, 'stored')

      const b = await B.open()
      await b.shows(...names)
      expect(await b.imageWidth('reef.png')).toBe(320)
      for (const [index, name] of names.entries()) expect(await b.fetched(name), name).toBe(digests[index])
      for (const name of names) await b.waitForState(name, 'stored')

      await server.stop()

      await b.reload()
      await b.shows(...names)
      expect(await b.imageWidth('reef.png')).toBe(320)
      for (const [index, name] of names.entries()) expect(await b.fetched(name), name).toBe(digests[index])

      await a.add('offline.bin', 'offline', MiB)
      await a.shows(...names, 'offline.bin')
      await a.reload()
      await a.shows(...names, 'offline.bin')
      expect(await a.fetched('offline.bin')).toBe(sha256(bytesOf('offline', MiB)))

      await server.start()

      await b.shows(...names, 'offline.bin')
      await b.waitForState('offline.bin', 'remote', 'downloading', 'stored')
      await expect.poll(() => b.fetched('offline.bin'), { timeout: 60_000 }).toBe(sha256(bytesOf('offline', MiB)))
    }))

  test('show a picture whose bytes come after its record', () =>
    inWorld(browser, async ({ A, B }) => {
      await using folder = await createFolder({ 'late.png': png('late', 320, 200) })
      const [a, b] = [await A.open(), await B.open()]
      await a.inPage((pool) => pool.transfers.pause())
      await a.pick(folder.path('late.png'))
      await b.shows('late.png')
      // Its address was asked for in vain.
      await b.page.waitForSelector('[data-name="late.png"] .card')
      await a.inPage((pool) => pool.transfers.resume())
      expect(await b.imageWidth('late.png')).toBe(320)
    }))
})
