import type { FileRecord } from '@rockpool/core'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { usePool } from './pool-context.ts'

/**
 * A URL for `<img src>`, `<video src>` and the like: `pool.url(file)` where a service worker serves it. A page without one (a forced
 * reload, a private window) gets `pool.objectUrl(file)`, a `blob:` URL of the whole content; undefined until it is open.
 */
export const useFileUrl = (file: FileRecord): string | undefined => {
  const pool = usePool()
  const controlled = useSyncExternalStore(watchController, isControlled, () => true)
  const [opened, setOpened] = useState<{ readonly content: string; readonly url: string }>()
  const { remoteKey } = file

  useEffect(() => {
    if (controlled) return
    const abort = new AbortController()
    let release = () => {}
    pool.objectUrl(file, { signal: abort.signal }).then(
      (objectUrl) => {
        if (abort.signal.aborted) return objectUrl.release()
        release = objectUrl.release
        setOpened({ content: remoteKey, url: objectUrl.url })
      },
      // Not reachable now: there is nothing to show, and the file's status says why.
      () => {},
    )
    return () => {
      abort.abort()
      release()
      setOpened(undefined)
    }
    // A new name or new metadata leaves the content as it is.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [pool, controlled, remoteKey])

  if (controlled) return pool.url(file)
  return opened?.content === remoteKey ? opened.url : undefined
}

const workers = (): ServiceWorkerContainer | undefined => globalThis.navigator?.serviceWorker

const isControlled = (): boolean => Boolean(workers()?.controller)

const watchController = (changed: () => void): (() => void) => {
  const container = workers()
  container?.addEventListener('controllerchange', changed)
  return () => container?.removeEventListener('controllerchange', changed)
}
