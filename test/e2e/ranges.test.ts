/** Ranges of a file that is not on this device, as a video that is scrubbed requests them. */
import { describe, expect, test } from 'vitest'
import { MiB } from './content.ts'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

const SIZE = 40 * MiB

describe.each(BROWSERS)('a range of a file on another device (%s)', (browser) => {
  test('comes without what is before it, also from a part that is here by then, and offline', () =>
    inWorld(browser, async ({ server, A, B }) => {
      const a = await A.open()
      await a.add('reef.bin', 'reef', SIZE)
      await a.waitForState('reef.bin', 'stored')
      await a.close()
      const b = await B.open()
      await b.waitForState('reef.bin', 'remote')
      const range = (start: number, end: number) =>
        b.inPage(
          async (pool, start, end) => {
            const url = pool.url(pool.files.list()[0]!)
            const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } })
            const { status, headers } = response
            const bytes = new Uint8Array(await response.arrayBuffer())
            return {
              status,
              range: headers.get('content-range'),
              verified: headers.get('rockpool-verified'),
              length: bytes.length,
              text: new TextDecoder().decode(bytes.slice(0, 4)),
              used: (await pool.storage()).used,
            }
          },
          start,
          end,
        )
      expect(await range(30 * MiB, 30 * MiB + 1_000)).toEqual({
        status: 206,
        range: `bytes ${30 * MiB}-${30 * MiB + 999}/${SIZE}`,
        verified: 'no',
        length: 1_000,
        text: '\0\0\0\0',
        used: 0,
      })
      expect(await range(0, 8 * MiB)).toMatchObject({ status: 206, verified: null, length: 8 * MiB, text: 'reef' })
      await server.stop()
      expect(await range(0, 1_000)).toMatchObject({ status: 206, verified: null, length: 1_000, text: 'reef' })
      expect(await range(30 * MiB, 30 * MiB + 1_000)).toMatchObject({ status: 504 })
    }))
})
