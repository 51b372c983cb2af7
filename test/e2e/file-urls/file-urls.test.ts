/** Every way to use a file URL, in every state of the file. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { addressOfKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { BROWSERS } from '../device.ts'
import { HAS_WEBKIT } from '../webkit/webkit.ts'
import { fileUrlsDocument } from './document.ts'
import { makeSamples, PHRASE } from './media.ts'
import { cutContents, signOut, untilKept } from './on-disk.ts'
import type { Outcome, Requests } from './page/requests.ts'
import { type StoredFile, type UseStory, withUses } from './story.ts'
import { expectedOutcome, type State, STATE_NAMES, type Use, USES } from './table.ts'

const STORE_ID = 'gallery'

/** A use comes to something within this time, or never. */
const TIMEOUT_MS = 60_000

interface UsedFile extends StoredFile {
  readonly use: Use
  readonly name: string
}

/** A file for each use in each state: what one request has fetched is no miss of the next. */
const storeFiles = async ({ store }: UseStory): Promise<Readonly<Record<State, readonly UsedFile[]>>> => {
  const samples = await makeSamples()
  const files = await Promise.all(
    STATE_NAMES.map(async (state) => {
      const ofState = USES.map(async (use, at) => {
        const name = `${state}-${at}.${use.sample}`
        const { type, bytes } = samples[use.sample]
        return { ...(await store(name, type, new Uint8Array(bytes(name)), { lost: state === 'lost' })), name, use }
      })
      return [state, await Promise.all(ofState)] as const
    }),
  )
  return Object.fromEntries(files) as unknown as Record<State, readonly UsedFile[]>
}

/** What each use of these files comes to, by its title. */
const observe = async (story: UseStory, files: readonly UsedFile[]): Promise<Record<string, string>> => {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), TIMEOUT_MS)
  try {
    const outcomes = files.map(async (file) => [file.use.title, await outcomeOf(story, file, over.signal)] as const)
    return Object.fromEntries(await Promise.all(outcomes))
  } finally {
    clearTimeout(timer)
    over.abort()
    await story.page.evaluate(() => document.body.replaceChildren())
  }
}

/** Runs in the page. */
const useUrl = (request: keyof Requests, url: string): Promise<Outcome> =>
  (window as never as { readonly requests: Requests }).requests[request](url)

const outcomeOf = async (
  { page, device, proxy }: UseStory,
  { use: { request }, name, url }: UsedFile,
  over: AbortSignal,
): Promise<string> => {
  const { pathname } = new URL(url, proxy.url)
  const until = async (outcome: string, isSo: () => boolean) => {
    while (!over.aborted) {
      if (isSo()) return outcome
      await setTimeoutPromise(50)
    }
    return 'nothing happened'
  }
  const seen = page.evaluate(useUrl, request, url)
  const isSaved = () => existsSync(join(device.downloads, name))
  /** WebKit opens its viewer, and has no event for it. */
  const isPdf = async () => {
    // A frame that is still on its way has no document to ask.
    const typeOf = () => page.evaluateInFrame(url, () => document.contentType).catch(() => undefined)
    while (!over.aborted && (await typeOf()) !== 'application/pdf') await setTimeoutPromise(50)
  }
  switch (request) {
    case 'save':
      return Promise.race([seen, until('saved', isSaved)])
    case 'embed': // Firefox has no event for it, WebKit none for both.
    case 'object':
      return Promise.race([seen, until('error', () => proxy.pastWorker.has(pathname))])
    case 'frame': {
      await Promise.race([seen, isPdf()])
      const [type, text] = await page.evaluateInFrame(url, () => [document.contentType, document.body?.innerText ?? ''])
      if (type === 'application/json') return 'error'
      return type !== 'text/plain' || text!.includes(PHRASE) ? 'shown' : text!
    }
    default:
      return Promise.race([seen, until('', () => false)])
  }
}

/** Written anew by `vitest run -u`. */
test('docs/concepts/file-urls.md shows the table that the browsers are held to', async () => {
  await expect(fileUrlsDocument()).toMatchFileSnapshot('../../../docs/concepts/file-urls.md')
})

describe.each([...BROWSERS, ...(HAS_WEBKIT ? (['webkit'] as const) : [])])('a file URL (%s)', (browser) => {
  test('works in every way in which a browser uses one, or ends in an error', () =>
    withUses(browser, async (story) => {
      const { page, proxy } = story
      const files = await storeFiles(story)
      const expectOutcomes = async (...states: readonly State[]) => {
        for (const state of states) {
          const expected = USES.map((use) => [use.title, expectedOutcome(use, browser, state)])
          const observed = await observe(story, files[state])
          expect.soft({ state, ...observed }).toEqual({ state, ...Object.fromEntries(expected) })
        }
      }
      const here = [...files.hit, ...files.offlineHit, ...files.damaged, ...files.forbidden]
      await page.evaluate(
        async (urls) => {
          await Promise.all(urls.map(async (url) => (await fetch(url)).arrayBuffer()))
        },
        here.map(({ url }) => url),
      )
      const addressesOf = (some: readonly UsedFile[]) => some.map(({ remoteKey }) => addressOfKey(remoteKey))
      await page.evaluate(untilKept, STORE_ID, addressesOf(here))
      await page.evaluate(cutContents, STORE_ID, addressesOf(files.damaged))
      for (const { remoteKey } of files.expired) proxy.expired.add(remoteKey)
      await expectOutcomes('hit', 'miss', 'expired', 'damaged', 'lost')
      proxy.isOffline = true
      await expectOutcomes('offlineHit', 'offlineMiss')
      proxy.isOffline = false
      await page.evaluate(signOut, STORE_ID)
      await expectOutcomes('forbidden')
    }))
})
