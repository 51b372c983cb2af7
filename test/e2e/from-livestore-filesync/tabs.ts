/** Tabs of the app before and after its move. */
import type { ImportOptions, ImportReport, Pool } from '@rockpool/core'
import type { Page } from 'puppeteer-core'
import { expect } from 'vitest'
import type { Device } from '../device.ts'
import { openTab, type Tab } from '../tab.ts'

/** A row of livestore-filesync. */
export interface OldFile {
  readonly id: string
  readonly contentHash: string
  /** '' until it is uploaded */
  readonly remoteKey: string
  readonly deletedAt: unknown
}

/** `window.old` of the old app. */
interface OldApp {
  save(seed: string, size: number, type?: string): Promise<string>
  update(id: string, seed: string, size: number): Promise<void>
  remove(id: string): Promise<void>
  files(): readonly OldFile[]
  opened(id: string): Promise<string>
}

export interface OldTab {
  readonly page: Page
  call<Name extends keyof OldApp>(
    name: Name,
    ...args: Parameters<OldApp[Name]>
  ): Promise<Awaited<ReturnType<OldApp[Name]>>>
  /** Waits until it shows these live files, all uploaded. */
  hasStored(...ids: readonly string[]): Promise<void>
  /** Waits until its folder has exactly the bytes with these hashes. */
  hasLocally(...hashes: readonly string[]): Promise<void>
}

export interface Session {
  /** of the server */
  readonly token: string
  /** of sync-cf */
  readonly syncUrl?: string
}

/** Opens the old app in a new tab of a device. */
export const openOldTab = async (device: Device, { token, syncUrl = 'ws://127.0.0.1:9' }: Session): Promise<OldTab> => {
  const page = await device.blank()
  const messages: string[] = []
  page.on('console', (message) => messages.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => messages.push(`uncaught: ${String(error)}`))
  await page.goto(`${device.url}?${new URLSearchParams({ token, sync: syncUrl })}`, { waitUntil: 'domcontentloaded' })
  await page
    .waitForFunction(() => 'old' in window, { timeout: 60_000 })
    .catch((cause: unknown) => {
      throw new Error(`The old app did not open:\n${messages.slice(-15).join('\n')}`, { cause })
    })
  const tab: OldTab = {
    page,
    call: (name, ...args) =>
      page.evaluate(
        (name, args) =>
          (window as never as { readonly old: Record<string, (...args: readonly unknown[]) => unknown> }).old[name]!(
            ...args,
          ),
        name as string,
        args as readonly unknown[],
      ) as never,
    hasStored: async (...ids) => {
      const stored = async () => {
        const files = await tab.call('files')
        return files.flatMap(({ id, deletedAt, remoteKey }) => (deletedAt === null && remoteKey !== '' ? [id] : []))
      }
      await expect.poll(async () => (await stored()).toSorted()).toEqual(ids.toSorted())
    },
    hasLocally: async (...hashes) => {
      const local = () =>
        page.evaluate(async () => {
          let folder = await navigator.storage.getDirectory()
          const names: string[] = []
          for (const name of ['livestore-filesync-files', 'shop']) {
            folder = await folder.getDirectoryHandle(name, { create: true })
          }
          for await (const name of folder.keys()) if (!name.includes('.')) names.push(name)
          return names.sort()
        })
      await expect.poll(local).toEqual(hashes.toSorted())
    },
  }
  return tab
}

export interface NewTab extends Tab {
  importLegacy(options?: ImportOptions): Promise<ImportReport>
  /** SHA-256 of a file that this device opens, as hex */
  opened(id: string): Promise<string>
}

/** Opens the new app in a new tab of a device, and waits until it syncs. */
export const openNewTab = async (device: Device, { token }: Session): Promise<NewTab> => {
  const tab = await openTab(await device.blank(), `${device.url}?${new URLSearchParams({ token })}`)
  await expect.poll(() => tab.inPage((pool) => pool.sync.current.reason.code)).toBe('connected')
  return {
    ...tab,
    importLegacy: (options = {}) =>
      tab.inPage(
        (_pool, options) =>
          (window as never as { readonly importLegacy: Pool['importLegacy'] }).importLegacy(options as never) as never,
        options,
      ),
    opened: (id) =>
      tab.inPage(async (pool, id) => {
        const digest = await crypto.subtle.digest('SHA-256', await (await pool.open(id)).arrayBuffer())
        return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      }, id),
  }
}
