import type { StoreId } from '@rockpool/protocol'

/** A page that does not answer in this time has none: it is frozen, or its app hangs. */
const PATIENCE_MS = 10_000

/**
 * Asks the open pages for a fresh token, since only an app can get one: `{ type: 'rockpool:token', storeId }`, answered on
 * the port that comes with it by `{ token }`, `token: null` when that page could not get one either.
 */
export const askPagesForToken = async (
  clients: Pick<Clients, 'matchAll'>,
  storeId: StoreId,
): Promise<string | undefined> => {
  const pages = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  const channels = pages.map((page) => {
    const channel = new MessageChannel()
    page.postMessage({ type: 'rockpool:token', storeId }, [channel.port2])
    return channel.port1
  })
  try {
    return await Promise.any(channels.map(tokenFrom))
  } catch {
    return undefined
  } finally {
    for (const port of channels) port.close()
  }
}

const tokenFrom = (port: MessagePort): Promise<string> =>
  new Promise((resolve, reject) => {
    AbortSignal.timeout(PATIENCE_MS).addEventListener('abort', reject)
    port.onmessage = ({ data }: MessageEvent<{ readonly token?: unknown } | null>) => {
      if (typeof data?.token === 'string') resolve(data.token)
      else reject(new Error('This page has no token.'))
    }
  })
