/** The engine in WebKit, with its records in memory: LiveStore needs sync access handles. */
import { describe, expect, test } from 'vitest'
import { MiB, randomBytes, sha256 } from '../content.ts'
import { tokenSigner } from '../network-tokens.ts'
import { startServer } from '../server.ts'
import { buildWebKitApp } from './app.ts'
import { createWebKit, HAS_WEBKIT } from './webkit.ts'

describe.runIf(HAS_WEBKIT)('the engine in WebKit', () => {
  test('adds, uploads, serves and verifies files of one and of several parts', async () => {
    await using app = await buildWebKitApp()
    await using server = await startServer(app.folder, app.root)
    await using device = await createWebKit()
    const { page } = device
    const sign = await tokenSigner(server)
    const token = sign({ user: 'ada', storeId: 'reef', rights: ['read', 'write'], lifetimeMs: 600_000 })
    await page.goto(server.url)
    await page.evaluate((token) => window.app.openPool('reef', token), token)

    const contents = [randomBytes('small', 5_000), randomBytes('large', 9 * MiB)]
    const { seen, verified } = await page.evaluate(
      async (contents) => {
        const pool = window.app.pool!
        const hashOf = async (bytes: ArrayBuffer) => {
          const digest = await crypto.subtle.digest('SHA-256', bytes)
          return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
        }
        const seen: string[][] = []
        for (const content of contents) {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
          const file = await pool.add(new Blob([bytes]), { name: 'reef.bin' })
          while (pool.transfers.status(file).state !== 'stored') await new Promise((turned) => setTimeout(turned, 50))
          const served = await (await fetch(pool.url(file))).arrayBuffer()
          const streamed = await new Response(await pool.stream(file)).arrayBuffer()
          seen.push([await hashOf(served), await hashOf(streamed)])
        }
        return { seen, verified: await pool.verify() }
      },
      contents.map((bytes) => bytes.toString('base64')),
    )
    expect(seen).toEqual(contents.map((bytes) => [sha256(bytes), sha256(bytes)]))
    expect(verified).toEqual({ bytes: 5_000 + 9 * MiB, damaged: [], unreadable: [] })
  })
})
