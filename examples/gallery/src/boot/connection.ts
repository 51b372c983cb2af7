/**
 * Whether the sync backend answers, which the browser's `navigator.onLine` cannot know, and whether it takes this device's
 * changes. The LiveStore worker of one tab has the connection, and tells all tabs.
 */

export interface Connection {
  readonly isConnected: () => boolean
  /** why the backend takes none of this device's changes, in its own words; undefined: it does, as far as is known */
  readonly refusal: () => string | undefined
  readonly subscribe: (changed: () => void) => () => void
}

/** What the worker knows. A worker that is new may not know yet what the backend takes: it leaves `refusal` out. */
interface News {
  readonly connected: boolean
  readonly refusal?: string | undefined
}

type Message = 'ask' | News

/** A reconnect takes up to 2.7 s (measured): a shorter gap is not worth a word, in ms. */
const GRACE = 3_000

const open = (storeId: string): BroadcastChannel => new BroadcastChannel(`gallery:connection:${storeId}`)

/** The worker's side: call it with each change. */
export const connectionReporter = (storeId: string): ((change: Partial<News>) => void) => {
  const channel = open(storeId)
  let news: News = { connected: false }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'ask') channel.postMessage(news)
  }
  return (change) => {
    news = { ...news, ...change }
    channel.postMessage(news)
  }
}

/** The page's side, for the life of the page. Connected, until it is known better. */
export const watchConnection = (storeId: string): Connection => {
  const channel = open(storeId)
  const listeners = new Set<() => void>()
  let known: News = { connected: true }
  let ending: ReturnType<typeof setTimeout> | undefined
  const learn = (news: Partial<News>) => {
    known = { ...known, ...news }
    for (const changed of listeners) changed()
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'ask') return
    const { connected, ...rest } = data
    if (connected) {
      clearTimeout(ending)
      ending = undefined
      learn(data)
    } else {
      ending ??= setTimeout(() => learn({ connected }), GRACE)
      learn(rest)
    }
  }
  channel.postMessage('ask' satisfies Message)
  return {
    isConnected: () => known.connected,
    refusal: () => known.refusal,
    subscribe: (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
  }
}
