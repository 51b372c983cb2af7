/** File URLs on a device that does not have the file, each beside a bare request to the object store in the same page. */
import { describe, test } from 'vitest'
import { MiB } from '../e2e/content.ts'
import { BROWSERS } from '../e2e/device.ts'
import { inWorld } from '../e2e/world.ts'

const SIZE = 128 * MiB
/** Each is missing once: two reads of one file would be a miss and a hit. */
const FILES = 3
const RANGE = 64 * 1024
const PLACES = 10

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const p95 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)]!

describe.each(BROWSERS)('a file that is not on this device (%s)', (browser) => {
  test(`64 KiB at ${PLACES} places of ${SIZE / MiB} MiB, and ${FILES} whole files`, () =>
    inWorld(browser, async ({ A, B }) => {
      const a = await A.open()
      const names = Array.from({ length: FILES }, (_, number) => `reef-${number}.bin`)
      for (const name of names) await a.add(name, name, SIZE)
      for (const name of names) await a.waitForState(name, 'stored')
      await a.close()
      const b = await B.open()
      for (const name of names) await b.waitForState(name, 'remote')
      const { ours, bare, wholes, bareWholes } = await b.inPage(
        async (pool, size, range, places) => {
          const files = pool.files.list()
          const file = files[0]!
          const query = new URLSearchParams({ user: 'bench', store: pool.storeId })
          const { token } = await (await fetch(`/rockpool-dev/token?${query}`, { method: 'POST' })).json()
          const signed = async ({ remoteKey }: { readonly remoteKey: string } = file): Promise<string> => {
            const asked = new URLSearchParams({ key: remoteKey })
            const headers = { authorization: `Bearer ${token}` }
            return (await (await fetch(`/signer/download-url?${asked}`, { headers })).json()).url
          }
          const firstByte = async (url: string, start: number): Promise<number> => {
            const began = performance.now()
            const headers = { range: `bytes=${start}-${start + range - 1}` }
            const reader = (await fetch(url, { headers, cache: 'no-store' })).body!.getReader()
            await reader.read()
            const took = performance.now() - began
            while (!(await reader.read()).done);
            return took
          }
          const all = async (url: string): Promise<number> => {
            const began = performance.now()
            await (await fetch(url, { cache: 'no-store' })).body!.pipeTo(new WritableStream())
            return performance.now() - began
          }
          const ours: number[] = []
          const bare: number[] = []
          for (let place = 0; place <= places; place++) {
            const start = Math.floor(((place + 0.37) / (places + 1)) * (size - range))
            const url = await signed()
            const times = [await firstByte(pool.url(file), start), await firstByte(url, start)] as const
            // The first one warms up connections and code.
            if (place === 0) continue
            ours.push(times[0])
            bare.push(times[1])
          }
          const wholes: number[] = []
          const bareWholes: number[] = []
          for (const each of files) {
            bareWholes.push(await all(await signed(each)))
            wholes.push(await all(pool.url(each)))
          }
          return { ours, bare, wholes, bareWholes }
        },
        SIZE,
        RANGE,
        PLACES,
      )
      const ratio = (median(ours) / median(bare)).toFixed(2)
      console.log(
        `${browser}: first byte of a range, median ${median(ours).toFixed(1)} ms, p95 ${p95(ours).toFixed(1)} ms; bare ${median(bare).toFixed(1)} ms, p95 ${p95(bare).toFixed(1)} ms; ratio ${ratio}`,
      )
      const rate = (ms: number) => (SIZE / MiB / (ms / 1_000)).toFixed(0)
      const ratios = wholes.map((whole, number) => bareWholes[number]! / whole)
      console.log(
        `${browser}: ${FILES} files of ${SIZE / MiB} MiB, median ${rate(median(wholes))} MiB/s; bare ${rate(median(bareWholes))} MiB/s; ` +
          `ratios ${ratios.map((one) => one.toFixed(2)).join(', ')}`,
      )
    }))
})
