/** File URLs on a device that has the file, beside reads of the same file of the origin private file system in the same page. */
import { describe, test } from 'vitest'
import { MiB } from '../e2e/content.ts'
import { BROWSERS } from '../e2e/device.ts'
import { inWorld } from '../e2e/world.ts'

const SIZE = 256 * MiB
const ROUNDS = 7
const SMALL = 10_000
const REQUESTS = 1_000

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

describe.each(BROWSERS)('a file that is on this device (%s)', (browser) => {
  test(`${SIZE / MiB} MiB ${ROUNDS} times, and ${REQUESTS} requests of ${SMALL / 1_000} kB`, () =>
    inWorld(browser, async ({ A }) => {
      const a = await A.open()
      await a.add('reef.bin', 'reef', SIZE)
      await a.add('fish.bin', 'fish', SMALL)
      for (const name of ['reef.bin', 'fish.bin']) await a.waitForState(name, 'stored')
      const { ours, bare, small } = await a.inPage(
        async (pool, rounds, requests) => {
          const urlOf = (name: string): string => pool.url(pool.files.list({ search: name })[0]!)
          const address = decodeURIComponent(urlOf('reef.bin')).match(/[0-9a-f]{64}-\d+/)![0]
          const root = await navigator.storage.getDirectory()
          const folder = await root.getDirectoryHandle(`rockpool-${pool.storeId}`)
          const handle = await (await folder.getDirectoryHandle('contents')).getFileHandle(address)
          const time = async (open: () => Promise<ReadableStream>): Promise<number> => {
            const began = performance.now()
            await (await open()).pipeTo(new WritableStream())
            return performance.now() - began
          }
          const ours: number[] = []
          const bare: number[] = []
          for (let round = 0; round <= rounds; round++) {
            const times = [
              await time(async () => (await handle.getFile()).stream()),
              await time(async () => (await fetch(urlOf('reef.bin'), { cache: 'no-store' })).body!),
            ] as const
            // The first one warms up the disk's cache and code.
            if (round === 0) continue
            bare.push(times[0])
            ours.push(times[1])
          }
          const began = performance.now()
          for (let request = 0; request < requests; request++) {
            await (await fetch(urlOf('fish.bin'), { cache: 'no-store' })).arrayBuffer()
          }
          return { ours, bare, small: performance.now() - began }
        },
        ROUNDS,
        REQUESTS,
      )
      const rate = (times: readonly number[]) => (SIZE / MiB / (median(times) / 1_000)).toFixed(0)
      console.log(
        `${browser}: ${SIZE / MiB} MiB, median ${rate(ours)} MiB/s; file in the page ${rate(bare)} MiB/s; ` +
          `ratio ${(median(bare) / median(ours)).toFixed(2)}; ` +
          `${REQUESTS} requests of ${SMALL / 1_000} kB one after the other: ${small.toFixed(0)} ms`,
      )
    }))
})
