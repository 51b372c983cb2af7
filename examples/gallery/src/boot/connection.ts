/**
 * Whether the sync backend answers: what the browser's `navigator.onLine` cannot know. The LiveStore worker of one tab has
 * the connection, and tells all tabs.
 */

export interface Connection {
  readonly isConnected: () => boolean
  readonly subscribe: (changed: () => void) => () => void
}

type Message = 'ask' | 'connected' | 'disconnected'

/** A reconnect takes up to 2.7 s (measured): a shorter gap is not worth a word, in ms. */
const GRACE = 3_000

const open = (storeId: string): BroadcastChannel => new BroadcastChannel(`gallery:connection:${storeId}`)

/** The worker's side: call it with each change. */
export const connectionReporter = (storeId: string): ((connected: boolean) => void) => {
  const channel = open(storeId)
  let last: Message = 'disconnected'
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'ask') channel.postMessage(last)
  }
  return (connected) => {
    last = connected ? 'connected' : 'disconnected'
    channel.postMessage(last)
  }
}

/** The page's side, for the life of the page. Connected, until it is known better. */
export const watchConnection = (storeId: string): Connection => {
  const channel = open(storeId)
  const listeners = new Set<() => void>()
  let connected = true
  let ending: ReturnType<typeof setTimeout> | undefined
  const set = (now: boolean) => {
    if (now === connected) return
    connected = now
    for (const changed of listeners) changed()
  }
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === 'connected') {
      clearTimeout(ending)
      ending = undefined
      set(true)
    } else if (data === 'disconnected') ending ??= setTimeout(set, GRACE, false)
  }
  channel.postMessage('ask' satisfies Message)
  return {
    isConnected: () => connected,
    subscribe: (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
  }
}
