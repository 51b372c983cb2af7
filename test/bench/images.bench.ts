/** Many images on a device that has none of them, beside plain images by presigned URLs in the same page. */
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'
import { fetchSigner } from '@rockpool/core/signer'
import { describe, expect, test } from 'vitest'
import { png } from '../e2e/content.ts'
import { BROWSERS } from '../e2e/device.ts'
import { type StoredFile, withFiles } from '../e2e/file-urls/story.ts'
import { tokenSigner } from '../e2e/network-tokens.ts'

const IMAGES = 500
/** Pixels of each side: 18 kB, a thumbnail. */
const SIDE = 78
const UPLOADS_AT_ONCE = 8
const MiB = 1024 * 1024

/** Shows images, and waits for all of them. Runs in the page. @returns ms, and how many have pixels */
const showAll = async (urls: readonly string[]): Promise<{ readonly ms: number; readonly shown: number }> => {
  const began = performance.now()
  const images = urls.map((src) => {
    const image = Object.assign(new Image(), { src })
    document.body.append(image)
    return image
  })
  await Promise.all(images.map((image) => image.decode().catch(() => {}))) // counted below
  const ms = performance.now() - began
  const shown = images.filter(({ naturalWidth }) => naturalWidth > 0).length
  document.body.replaceChildren()
  return { ms, shown }
}

/** Resident memory of a process and all below it, in bytes. */
const memoryOf = async (root: number): Promise<number> => {
  const processes = await Promise.all(
    (await readdir('/proc')).filter(Number).map(async (pid) => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      // The name of the process, in parentheses, may hold spaces.
      const [, parent, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return { pid: Number(pid), parent: Number(parent), bytes: Number(rest[19] ?? 0) * 4_096 }
    }),
  )
  const below = (pid: number): number =>
    processes.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + child.bytes + below(child.pid), 0)
  return below(root) + (processes.find(({ pid }) => pid === root)?.bytes ?? 0)
}

/** The most memory of a process tree while `work` runs, above that at its start. */
const peakDuring = async <A>(
  root: number,
  work: Promise<A>,
): Promise<{ readonly result: A; readonly bytes: number }> => {
  const before = await memoryOf(root)
  let peak = before
  let isOver = false
  const over = work.finally(() => (isOver = true))
  while (!isOver) {
    peak = Math.max(peak, await memoryOf(root))
    await Promise.race([over.catch(() => {}), setTimeoutPromise(100)])
  }
  return { result: await work, bytes: peak - before }
}

describe.each(BROWSERS)('images that are not on this device (%s)', (browser) => {
  test(`${IMAGES} at once`, () =>
    withFiles(browser, async ({ page, server, proxy, store }) => {
      const files: StoredFile[] = []
      const names = Array.from({ length: IMAGES }, (_, number) => `reef-${number}.png`)
      await Promise.all(
        Array.from({ length: UPLOADS_AT_ONCE }, async () => {
          for (let name = names.pop(); name; name = names.pop()) {
            files.push(await store(name, 'image/png', new Uint8Array(png(name, SIDE, SIDE))))
          }
        }),
      )
      const sign = await tokenSigner(server)
      const token = sign({ user: 'ada', storeId: 'gallery', rights: ['read'], lifetimeMs: 600_000 })
      const signer = fetchSigner({ url: `${server.url}signer`, token: async () => token })
      const signed = await Promise.all(
        files.map(async ({ remoteKey }) => (await signer.downloadUrl({ key: remoteKey })).url),
      )
      const root = page.browser().process()!.pid!
      const show = (urls: readonly string[]) => peakDuring(root, page.evaluate(showAll, urls))
      const urls = files.map(({ url }) => url)
      await page.evaluate(showAll, urls.splice(-1)) // starts the worker, and opens its disk
      const throughProxy = (url: string) => {
        const { pathname, search } = new URL(url, server.url)
        return new URL(pathname + search, proxy.url).href
      }
      const bare = await show(signed.slice(0, -1).map(throughProxy))
      const miss = await show(urls)
      const hit = await show(urls.map((url) => `${url}&again`))
      expect([bare, miss, hit].map(({ result }) => result.shown)).toEqual([IMAGES - 1, IMAGES - 1, IMAGES - 1])
      const line = (what: string, { result, bytes }: typeof bare) =>
        `${what} ${result.ms.toFixed(0)} ms, memory +${(bytes / MiB).toFixed(0)} MiB`
      console.log(
        `${browser}: ${IMAGES - 1} images of 18 kB: ${line('presigned', bare)}; ${line('miss', miss)}; ${line('hit', hit)}; ` +
          `ratio of a miss ${(miss.result.ms / bare.result.ms).toFixed(2)}`,
      )
    }))
})
