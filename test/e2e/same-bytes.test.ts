import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesOf, MiB, sha256 } from './content.ts'
import { ONE_BROWSER } from './device.ts'
import type { Server } from './server.ts'
import { inWorld } from './world.ts'

const DIGEST = sha256(bytesOf('same', MiB))

/** How many objects with these bytes the object store holds, whatever it calls them. */
const storedObjects = async ({ dataFolder }: Server): Promise<number> => {
  const entries = await readdir(join(dataFolder, 'objects'), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const contents = await Promise.all(files.map((file) => readFile(file)))
  // Behind the bytes stands what the folder knows of them.
  return contents.filter((bytes) => sha256(bytes.subarray(0, MiB)) === DIGEST).length
}

describe.each(ONE_BROWSER)('the same bytes added twice (%s)', (browser) => {
  test('are one object and two records; one removed, the other still opens everywhere', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const a = await A.open()
      await a.add('one.bin', 'same', MiB)
      const id = await a.add('two.bin', 'same', MiB)
      for (const name of ['one.bin', 'two.bin']) await a.waitForState(name, 'stored')
      expect(await storedObjects(server)).toBe(1)

      const b = await B.open()
      await b.shows('one.bin', 'two.bin')
      await a.inPage((pool, id) => pool.remove(id), id)
      for (const tab of [a, b]) {
        await tab.shows('one.bin')
        expect(await tab.fetched('one.bin')).toBe(DIGEST)
      }
      await a.reload()
      expect(await a.fetched('one.bin')).toBe(DIGEST)
      expect(await storedObjects(server)).toBe(1)
    }))

  test('in two buckets are two objects', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const a = await A.open()
      await a.add('one.bin', 'same', MiB)
      await a.add('two.bin', 'same', MiB, { bucket: 'photos' })
      for (const name of ['one.bin', 'two.bin']) await a.waitForState(name, 'stored')
      expect(await storedObjects(server)).toBe(2)

      const b = await B.open()
      await b.shows('one.bin', 'two.bin')
      for (const name of ['one.bin', 'two.bin']) expect(await b.fetched(name)).toBe(DIGEST)
    }))
})
