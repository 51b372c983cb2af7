import type { FileRecord, ObjectUrl, Pool } from '@rockpool/core'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/**
 * A URL for `<img src>`, `<video src>` and the like: `pool.url(file)` where a service worker serves it. A page without one (a forced
 * reload, a private window) gets `pool.objectUrl(file)`, a `blob:` URL of the whole content; undefined until it is open. An
 * `<img>` shows no SVG by a `blob:` URL of the pool. A file that cannot be opened now is opened when the network is back, or when its
 * content is stored or downloaded.
 */
export const useFileUrl = (file: FileRecord): string | undefined => {
  const pool = usePool()
  const controlled = useSyncExternalStore(watchController, isControlled, () => true)
  const [opened, setOpened] = useState<{ readonly content: string; readonly url: string }>()
  const { remoteKey } = file

  useEffect(() => {
    if (controlled) return
    const stop = openWhenReachable(pool, file, (url) => setOpened({ content: remoteKey, url }))
    return () => {
      stop()
      setOpened(undefined)
    }
    // A new name or new metadata leaves the content as it is.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [pool, controlled, remoteKey])

  if (controlled) return pool.url(file)
  return opened?.content === remoteKey ? opened.url : undefined
}

/** Opens the content now, else when the network is back or the content arrives. @returns stop, which releases the URL */
const openWhenReachable = (pool: Pool, file: FileRecord, fn: (url: string) => void): (() => void) => {
  const stopped = new AbortController()
  const { signal } = stopped
  let opened: ObjectUrl | undefined
  let opening = Promise.resolve()

  const open = async () => {
    if (opened || signal.aborted) return
    try {
      const objectUrl = await pool.objectUrl(file, { signal })
      if (signal.aborted) return objectUrl.release()
      opened = objectUrl
      fn(objectUrl.url)
    } catch (error) {
      if (signal.aborted || (error as { readonly code?: unknown }).code === 'offline') return
      console.warn(`[rockpool] "${file.name}" could not be opened.`, error)
    }
  }
  // One after another: an event may come while an attempt fails.
  const retry = () => {
    opening = opening.then(open)
  }
  const arrived = ({ remoteKey }: FileRecord) => {
    if (remoteKey === file.remoteKey) retry()
  }

  retry()
  addEventListener('online', retry, { signal })
  const stops = [pool.on('stored', arrived), pool.on('downloaded', arrived)]
  return () => {
    stopped.abort()
    for (const stop of stops) stop()
    opened?.release()
  }
}

const workers = (): ServiceWorkerContainer | undefined => globalThis.navigator?.serviceWorker

const isControlled = (): boolean => Boolean(workers()?.controller)

const watchController = (changed: () => void): (() => void) => {
  const container = workers()
  container?.addEventListener('controllerchange', changed)
  return () => container?.removeEventListener('controllerchange', changed)
}
