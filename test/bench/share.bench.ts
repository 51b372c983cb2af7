/** From `pool.add` of 1 MiB on one device to the last byte of `fetch(pool.url(file))` on another one. */
import { describe, test } from 'vitest'
import { BROWSERS } from '../e2e/device.ts'
import { MiB } from '../e2e/content.ts'
import { inWorld } from '../e2e/world.ts'

const RUNS = 10

describe.each(BROWSERS)('1 MiB from one device to another (%s)', (browser) => {
  test(`median of ${RUNS}`, () =>
    inWorld(browser, async ({ A, B }) => {
      const a = await A.open()
      const b = await B.open()
      const times: number[] = []
      // The first one warms up connections and code.
      for (let run = 0; run <= RUNS; run++) {
        const name = `${run}.bin`
        const arrived = b.inPage(
          (pool, name) =>
            new Promise<number>((resolve, reject) => {
              const stop = pool.files.subscribe({ search: name }, ([file]) => {
                if (!file) return
                queueMicrotask(() => stop())
                // The record may be here before the upload is over.
                const read = async (): Promise<number> => {
                  const response = await fetch(pool.url(file))
                  return response.ok ? (await response.arrayBuffer()).byteLength : read()
                }
                read().then(resolve, reject)
              })
            }),
          name,
        )
        const start = performance.now()
        await a.add(name, name, MiB)
        if ((await arrived) !== MiB) throw new Error(`${name} arrived incomplete`)
        if (run > 0) times.push(Math.round(performance.now() - start))
      }
      const median = times.toSorted((x, y) => x - y)[RUNS / 2]!
      console.log(`${browser}: A to B, 1 MiB: median ${median} ms of ${times.join(', ')}`)
    }))
})
