/**
 * The files of older releases of the app. A page that was open before an update loads files of its own release later, too: a lazy
 * chunk, or the worker of LiveStore when the page has to lead. The server may have deleted them.
 */
import type { PrecacheController } from 'workbox-precaching'

export interface OlderReleases {
  /** Whether a URL may be a file of an older release: a path that is not in this one, in a folder of hashed names. */
  mayHave(options: { readonly url: URL }): boolean
  /** From the cache, else from the network. */
  respond(options: { readonly request: Request }): Promise<Response>
  /** Notes which pages may need older releases. Removes these releases when no page is open. */
  keepWhileUsed(event: ExtendableEvent): Promise<void>
  /** Removes older releases once the noted pages are closed. */
  removeUnused(event: ExtendableEvent): Promise<void>
}

/** Key of the note in the cache, relative to the worker. Workbox removes it together with the older releases. */
const NOTE = 'rockpool-pages-of-older-releases'

export const olderReleases = (
  scope: Pick<ServiceWorkerGlobalScope, 'caches' | 'clients'>,
  shell: PrecacheController,
): OlderReleases => {
  const cache = () => scope.caches.open(shell.strategy.cacheName)
  const openPages = async () => {
    const pages = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true })
    return pages.map(({ id }) => id)
  }
  const folders = hashedFolders(shell.getURLsToCacheKeys())

  return {
    mayHave: ({ url }) => folders.has(folderOf(url.href)),
    async respond({ request }) {
      return (await (await cache()).match(request.url)) ?? fetch(request)
    },
    async keepWhileUsed(event) {
      const pages = await openPages()
      if (pages.length === 0) await shell.activate(event)
      else await (await cache()).put(NOTE, Response.json(pages))
    },
    async removeUnused(event) {
      const note = await (await cache()).match(NOTE)
      if (!note) return
      const noted = (await note.json()) as readonly string[]
      const open = new Set(await openPages())
      if (!noted.some((id) => open.has(id))) await shell.activate(event)
    },
  }
}

/** Folders of files whose URL is their key in the cache, since it changes with the content. */
const hashedFolders = (cacheKeys: ReadonlyMap<string, string>): ReadonlySet<string> =>
  new Set([...cacheKeys].filter(([url, key]) => url === key).map(([url]) => folderOf(url)))

const folderOf = (url: string): string => url.slice(0, url.lastIndexOf('/') + 1)
