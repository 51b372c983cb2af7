/** An app moves over from livestore-filesync 0.8.0, by MIGRATING.md. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSyncCfFiles, importSyncCfLog } from '@rockpool/sync-server/node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { syncCfMiniflare } from '../../../packages/sync-server/src/test-support/sync-cf.ts'
import { bytesOf, MiB, sha256 } from '../content.ts'
import { createDevice, ONE_BROWSER } from '../device.ts'
import { createSite } from '../release.ts'
import { type Apps, buildApps } from './apps.ts'
import { createServer, tokenOf } from './server.ts'
import { openNewTab, openOldTab } from './tabs.ts'

let apps: Apps
beforeAll(async () => {
  apps = await buildApps()
}, 600_000)
afterAll(() => apps?.[Symbol.asyncDispose]())

/** Content by its seed: the size, and the hash that the old app names it by. */
const SMALL = 5_000
const LARGE = 8 * MiB + 1
const hashOf = (seed: string, size: number) => sha256(bytesOf(seed, size))

const startSyncCf = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-sync-cf-'))
  const miniflare = await syncCfMiniflare(folder, apps.syncCfWorker)
  const { origin } = await miniflare.ready
  let isRunning = true
  const stop = async () => {
    if (isRunning) await miniflare.dispose()
    isRunning = false
  }
  onTestFinished(async () => {
    await stop()
    await rm(folder, { recursive: true })
  })
  return { syncUrl: origin.replace('http', 'ws'), folder, stop }
}

describe.each(ONE_BROWSER)('from livestore-filesync 0.8.0 (%s)', (browser) => {
  test('every file opens in the new app, those of its own devices without a download', async () => {
    await using site = await createSite(apps.old)
    await using server = await createServer(site.folder)
    await server.start()
    await using A = await createDevice(browser, server.url)
    await using B = await createDevice(browser, server.url)
    const syncCf = await startSyncCf()
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')]

    const oldA = await openOldTab(A, { token: ada, syncUrl: syncCf.syncUrl })
    const small = await oldA.call('save', 'small', SMALL)
    const large = await oldA.call('save', 'large', LARGE)
    const edited = await oldA.call('save', 'before', SMALL)
    const removed = await oldA.call('save', 'removed', SMALL)
    await oldA.hasStored(small, large, edited, removed)
    await oldA.call('update', edited, 'after', SMALL)
    await oldA.call('remove', removed)
    const oldB = await openOldTab(B, { token: bob, syncUrl: syncCf.syncUrl })
    await oldB.hasStored(small, large, edited)
    const hashes = new Map([
      [small, hashOf('small', SMALL)],
      [large, hashOf('large', LARGE)],
      [edited, hashOf('after', SMALL)],
    ])
    for (const [id, hash] of hashes) expect(await oldB.call('opened', id)).toBe(hash)
    // It opens a file from object storage first, and downloads it then.
    await oldB.hasLocally(...hashes.values())

    // The old app is used after its sync backend stopped. It uploads nothing then.
    await syncCf.stop()
    const late = await oldB.call('save', 'late', SMALL)
    await oldA.page.close()

    await server.stop()
    for (const file of await findSyncCfFiles(syncCf.folder)) {
      await importSyncCfLog({ file, directory: server.eventsFolder })
    }
    await site.deploy(apps.new)
    await server.start()
    const downloads = server.downloads()

    const newA = await openNewTab(A, { token: ada })
    expect(await newA.importLegacy({ removeImported: true })).toMatchObject({ imported: 3, failed: [], missing: [] })
    for (const [id, hash] of hashes) expect(await newA.opened(id)).toBe(hash)
    expect(server.downloads()).toBe(downloads)
    expect(await newA.inPage((pool, id) => pool.files.get(id), removed)).toBe(undefined)

    await oldB.page.close()
    const newB = await openNewTab(B, { token: bob })
    expect(await newB.importLegacy({ removeImported: true })).toMatchObject({ imported: 4, failed: [], missing: [] })
    hashes.set(late, hashOf('late', SMALL))
    for (const [id, hash] of hashes) expect(await newB.opened(id)).toBe(hash)
    expect(server.downloads()).toBe(downloads)
    await expect.poll(() => newA.inPage((pool) => pool.files.list().length)).toBe(4)
    expect(await newA.opened(late)).toBe(hashOf('late', SMALL))
    expect(server.downloads()).toBe(downloads + 1)
  })
  test('old and new clients work side by side: each file that an old one adds opens in a new one', async () => {
    await using oldSite = await createSite(apps.between)
    await using server = await createServer(oldSite.folder)
    await server.start()
    await using A = await createDevice(browser, server.url)
    await using B = await createDevice(browser, server.url)
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')]
    const oldA = await openOldTab(A, { token: ada })
    const first = await oldA.call('save', 'first', SMALL)
    await oldA.hasStored(first)
    const oldB = await openOldTab(B, { token: bob })
    await oldB.hasStored(first)
    await oldA.page.close()

    // B keeps the old app open.
    await oldSite.deploy(apps.new)
    const newA = await openNewTab(A, { token: ada })
    expect(await newA.importLegacy({ removeImported: true })).toMatchObject({ imported: 1, failed: [], missing: [] })
    const small = await oldB.call('save', 'small', SMALL)
    const large = await oldB.call('save', 'large', LARGE)
    await oldB.hasStored(first, small, large)
    await oldB.call('update', small, 'edited', SMALL)
    await oldB.hasStored(first, small, large)
    const hashes = new Map([
      [first, hashOf('first', SMALL)],
      [small, hashOf('edited', SMALL)],
      [large, hashOf('large', LARGE)],
    ])
    for (const [id, hash] of hashes) {
      await expect.poll(() => newA.opened(id).catch(String), { message: id }).toBe(hash)
    }

    // What the new app writes, the old one neither shows nor stops at.
    const added = await newA.add('new.bin', 'new', SMALL)
    const last = await oldB.call('save', 'last', SMALL)
    await oldB.hasStored(first, small, large, last)
    await oldB.call('remove', last)
    hashes.set(added, hashOf('new', SMALL))
    await expect.poll(() => newA.inPage((pool) => pool.files.list().length)).toBe(hashes.size)

    await oldB.page.close()
    const newB = await openNewTab(B, { token: bob })
    await newB.importLegacy({ removeImported: true })
    for (const [id, hash] of hashes) {
      await expect.poll(() => newB.opened(id).catch(String), { message: id }).toBe(hash)
    }
  })
  test('an import that is killed goes on at the next start; files that were never uploaded are uploaded', async () => {
    await using site = await createSite(apps.old)
    await using server = await createServer(site.folder)
    await server.start()
    await using A = await createDevice(browser, server.url)
    await using B = await createDevice(browser, server.url)
    const ada = await tokenOf('ada')
    // Without a sync backend livestore-filesync uploads nothing while it runs.
    const oldA = await openOldTab(A, { token: ada })
    const hashes = new Map<string, string>()
    for (let number = 0; number < 8; number++) {
      const [seed, size] = [`${number}`, number % 4 === 3 ? LARGE : SMALL]
      hashes.set(await oldA.call('save', seed, size), hashOf(seed, size))
    }
    // LiveStore writes after its commit has returned: what another tab shows is on disk.
    const otherTab = await openOldTab(A, { token: ada })
    await expect.poll(async () => (await otherTab.call('files')).length).toBe(hashes.size)
    await oldA.page.close()
    await otherTab.page.close()

    await site.deploy(apps.new)
    const dying = await openNewTab(A, { token: ada })
    await dying.inPage(
      () =>
        new Promise<void>((resolve) => {
          const { importLegacy } = window as never as { readonly importLegacy: (options: object) => Promise<unknown> }
          void importLegacy({ removeImported: true, onProgress: (done: number) => done === 2 && resolve() })
        }),
    )
    await A.kill()

    const newA = await openNewTab(A, { token: ada })
    const report = await newA.importLegacy({ removeImported: true })
    expect(report).toMatchObject({ damaged: [], unreferenced: [], failed: [], missing: [] })
    for (const [id, hash] of hashes) expect(await newA.opened(id)).toBe(hash)
    expect(server.downloads()).toBe(0)
    expect(await newA.importLegacy()).toMatchObject({ imported: 0 })
    const newB = await openNewTab(B, { token: await tokenOf('bob') })
    for (const [id, hash] of hashes) {
      await expect.poll(() => newB.opened(id).catch(String), { message: id }).toBe(hash)
    }
  })
})
