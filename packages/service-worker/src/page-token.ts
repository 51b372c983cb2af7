import { type Platform, webPlatform } from '@rockpool/core'
import { abortable, withDeadline } from '@rockpool/core/transfers'
import type { StoreId } from '@rockpool/protocol'

/** A page that does not respond in this time (ms) has none: it is frozen, or its app hangs. */
const TIMEOUT_MS = 10_000

/**
 * Requests a fresh token from the open pages, since only an app can get one: `{ type: 'rockpool:token', storeId }`. A page
 * responds on the transferred port with `{ token }`, or `token: null` when it cannot get one.
 */
export const askPagesForToken = async (
  clients: Pick<Clients, 'matchAll'>,
  storeId: StoreId,
  { clock }: Pick<Platform, 'clock'> = webPlatform,
): Promise<string | undefined> => {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  const channels = pages.map((page) => {
    const channel = new MessageChannel()
    page.postMessage({ type: 'rockpool:token', storeId }, [channel.port2])
    return channel.port1
  })
  const late = new AbortController()
  const first = abortable(Promise.any(channels.map(tokenFrom)), late.signal)
  try {
    return await withDeadline(clock, TIMEOUT_MS, first, () => late.abort())
  } catch {
    return undefined
  } finally {
    for (const port of channels) port.close()
  }
}

const tokenFrom = (port: MessagePort): Promise<string> =>
  new Promise((resolve, reject) => {
    port.onmessage = ({ data }: MessageEvent<{ readonly token?: unknown } | null>) => {
      if (typeof data?.token === 'string') resolve(data.token)
      else reject(new Error('This page has no token.'))
    }
  })
