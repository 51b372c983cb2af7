/** Importing the files that livestore-filesync left on a device, beside reading and hashing the same files in the same page. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { MiB } from '../e2e/content.ts'
import { BROWSERS, createDevice } from '../e2e/device.ts'
import { buildNewApp } from '../e2e/from-livestore-filesync/apps.ts'
import { createServer, tokenOf } from '../e2e/from-livestore-filesync/server.ts'
import { openNewTab } from '../e2e/from-livestore-filesync/tabs.ts'

const ROUNDS = 3
const SETS = [
  { name: '60 files of 3 MiB', count: 60, size: 3 * MiB },
  { name: '8 files of 24 MiB', count: 8, size: 24 * MiB },
  { name: '2 files of 96 MiB', count: 2, size: 96 * MiB },
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-legacy-'))
  await buildNewApp(folder)
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(BROWSERS)('files of livestore-filesync (%s)', (browser) => {
  test.each(SETS)('$name', async ({ name, count, size }) => {
    await using server = await createServer(folder)
    await server.start()
    await using device = await createDevice(browser, server.url)
    const tab = await openNewTab(device, { token: await tokenOf('ada') })
    const ratios: string[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const { bareMs, importMs } = await tab.inPage(
        async (pool, count, size) => {
          const { store, importLegacy } = window as never as {
            readonly store: { commit(event: object): void }
            readonly importLegacy: (options: object) => Promise<{ readonly imported: number }>
          }
          let directory = await navigator.storage.getDirectory()
          for (const name of ['livestore-filesync-files', pool.storeId]) {
            directory = await directory.getDirectoryHandle(name, { create: true })
          }
          const toHex = (digest: ArrayBuffer) =>
            [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
          const hashes: string[] = []
          for (let number = 0; number < count; number++) {
            const bytes = new Uint8Array(size)
            for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
            const hash = toHex(await crypto.subtle.digest('SHA-256', bytes))
            const sink = await (await directory.getFileHandle(hash, { create: true })).createWritable()
            await sink.write(bytes)
            await sink.close()
            hashes.push(hash)
          }
          const began = performance.now()
          const waiting = [...hashes]
          const readSome = async () => {
            for (let hash = waiting.pop(); hash !== undefined; hash = waiting.pop()) {
              const file = await (await directory.getFileHandle(hash)).getFile()
              await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
            }
          }
          // As many at once as the import reads.
          await Promise.all([readSome(), readSome(), readSome()])
          const bareMs = performance.now() - began

          const at = new Date().toISOString()
          for (const hash of hashes) {
            const remoteKey = `${pool.storeId}/${hash}`
            const args = { id: hash, path: `livestore-filesync-files/${remoteKey}`, contentHash: hash }
            store.commit({
              name: 'v1.FileCreated',
              args: { ...args, createdAt: at, updatedAt: at },
            })
            store.commit({ name: 'v1.FileUpdated', args: { ...args, remoteKey, updatedAt: at } })
          }
          while (hashes.some((hash) => pool.files.get(hash) === undefined)) await new Promise(requestAnimationFrame)
          const started = performance.now()
          const report = await importLegacy({ removeImported: true })
          const importMs = performance.now() - started
          if (report.imported !== count) throw new Error(JSON.stringify(report))
          return { bareMs, importMs }
        },
        count,
        size,
      )
      const rate = (ms: number) => `${((count * size) / MiB / (ms / 1_000)).toFixed(0)} MiB/s`
      console.log(`${browser}, ${name}: imported at ${rate(importMs)}; read and hashed at ${rate(bareMs)}`)
      ratios.push((bareMs / importMs).toFixed(2))
    }
    console.log(`${browser}, ${name}: ratios ${ratios.join(', ')}`)
  })
})
