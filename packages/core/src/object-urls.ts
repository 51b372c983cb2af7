/** `blob:` URLs with reference counting: several elements show one content, and its bytes stay until the last one is gone. */
import { aborted, safeType } from '@rockpool/protocol'
import { abortable } from './promises.ts'

/** A `blob:` URL that stays valid until it is released. */
export interface ObjectUrl extends Disposable {
  readonly url: string
  /** Releases the URL, once. The last release of a content revokes it. */
  release(): void
}

export interface ObjectUrls {
  /**
   * The URL of a content. Callers that name the same one share a URL, and its opening.
   *
   * @param open called if nobody has this content; its signal aborts when all callers have left
   * @throws RockpoolError `aborted`, and as `open` does
   */
  acquire(content: string, open: (signal: AbortSignal) => Promise<Blob>, signal?: AbortSignal): Promise<ObjectUrl>
  /** Revokes all URLs, released or not. */
  revokeAll(): void
}

/**
 * The type of a `blob:` URL. A document of such a URL has the app's origin and no headers, and no policy stops its script: what could
 * run script, SVG included, is octet-stream, which no browser shows as a document. A Blob whose type has a tab has no type at all, and
 * a browser would guess it from the bytes.
 *
 * @param type of the record, which another user may have written
 */
export const objectUrlType = (type: string): string => safeType(type).replaceAll('\t', ' ')

interface Entry {
  users: number
  readonly opened: Promise<string>
  readonly stop: AbortController
}

export const sharedObjectUrls = (
  urls: Pick<typeof URL, 'createObjectURL' | 'revokeObjectURL'> = globalThis.URL,
): ObjectUrls => {
  const entries = new Map<string, Entry>()

  const add = (content: string, open: (signal: AbortSignal) => Promise<Blob>): Entry => {
    const stop = new AbortController()
    const opened = open(stop.signal).then((blob) => {
      stop.signal.throwIfAborted()
      return urls.createObjectURL(blob)
    })
    const entry = { users: 0, opened, stop }
    entries.set(content, entry)
    opened.catch(() => forget(content, entry))
    return entry
  }
  const forget = (content: string, entry: Entry): void => {
    if (entries.get(content) === entry) entries.delete(content)
  }
  const revoke = ({ opened, stop }: Entry): void => {
    stop.abort()
    opened.then(urls.revokeObjectURL, () => {}) // what was not opened has no URL
  }

  return {
    async acquire(content, open, signal) {
      const entry = entries.get(content) ?? add(content, open)
      entry.users++
      let isReleased = false
      const release = () => {
        if (isReleased) return
        isReleased = true
        if (--entry.users > 0) return
        forget(content, entry)
        revoke(entry)
      }
      try {
        const url = await (signal ? abortable(entry.opened, signal) : entry.opened)
        return { url, release, [Symbol.dispose]: release }
      } catch (error) {
        release()
        throw signal?.aborted ? aborted(signal) : error
      }
    },
    revokeAll() {
      for (const entry of entries.values()) revoke(entry)
      entries.clear()
    },
  }
}
