/**
 * Which tabs can share a leader. After an update of the app, tabs of two releases are open. They can share one when both start the
 * same shared worker, which a browser finds by its URL, and have the same tables, since a tab starts with a copy of the
 * leader's state. In all other cases LiveStore waits without an error. Here the new tab waits until the tab that leads is
 * closed or reloaded, and `watchAppUpdate` of `@rockpool/livestore` reports it in every tab.
 *
 * Four lines of `fixes.ts` call it from LiveStore's web adapter. It imports nothing, so that it has no copy of Effect.
 */

/** Between two looks at the locks, ms. */
const INTERVAL_MS = 500

/** A tab leads for a moment before it publishes its version. */
const LOOKS_BEFORE_BLOCKED = 2

/** LiveStore's own lock: its holder leads. */
const tabLock = (storeId: string): string => `livestore-tab-lock-${storeId}`
const versionLock = (storeId: string, version: string): string => `rockpool:livestore:leader:${storeId}:${version}`

export interface HeldLock {
  readonly name?: string
  /** of the page that holds it */
  readonly clientId?: string
}

/** Whether the tab that leads now has another version. Without a leader, one of the waiting tabs will lead soon. */
export const isOtherVersion = (held: readonly HeldLock[], storeId: string, version: string): boolean => {
  const leader = held.find(({ name }) => name === tabLock(storeId))
  if (leader === undefined) return false
  const name = versionLock(storeId, version)
  return !held.some((lock) => lock.name === name && lock.clientId === leader.clientId)
}

/** The stores that this page waits for. A page also receives its own messages, and must not take itself for an older tab. */
const blockedStores = (): Set<string> =>
  ((globalThis as Record<symbol, unknown>)[Symbol.for('rockpool.livestore.blocked')] ??= new Set()) as Set<string>

export interface LeaderVersion {
  /** This tab leads. */
  readonly publish: () => void
  /** Resolves when the tab that leads can serve this one. */
  readonly awaitLeader: () => Promise<void>
}

export interface LeaderVersionOptions {
  readonly storeId: string
  readonly schema: { readonly state: { readonly sqlite: { readonly hash: number } } }
}

/** Starts the shared worker by the app's own function, and learns its URL. */
export const openSharedWorker = (
  open: () => SharedWorker,
  { storeId, schema }: LeaderVersionOptions,
): LeaderVersion & { readonly sharedWebWorker: SharedWorker } => {
  const { sharedWebWorker, url } = withUrl(open)
  const version = `${url}:${schema.state.sqlite.hash}`
  return {
    sharedWebWorker,
    publish: () => {
      const untilThePageEnds = new Promise<void>(() => {})
      void navigator.locks.request(versionLock(storeId, version), { mode: 'shared' }, () => untilThePageEnds)
    },
    awaitLeader: () => awaitLeader(storeId, version),
  }
}

const withUrl = (open: () => SharedWorker): { readonly sharedWebWorker: SharedWorker; readonly url: string } => {
  const Original = globalThis.SharedWorker
  let url = ''
  globalThis.SharedWorker = class extends Original {
    constructor(...[script, options]: ConstructorParameters<typeof SharedWorker>) {
      super(script, options)
      url = new URL(script, location.href).href
    }
  }
  try {
    return { sharedWebWorker: open(), url }
  } finally {
    globalThis.SharedWorker = Original
  }
}

const awaitLeader = async (storeId: string, version: string): Promise<void> => {
  const isBlocked = async () => isOtherVersion((await navigator.locks.query()).held ?? [], storeId, version)
  let looks = 0
  let channel: BroadcastChannel | undefined
  while (await isBlocked()) {
    looks++
    if (looks >= LOOKS_BEFORE_BLOCKED) {
      blockedStores().add(storeId)
      channel ??= new BroadcastChannel(`rockpool:app:${storeId}`)
      channel.postMessage('blocked')
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))
  }
  blockedStores().delete(storeId)
  channel?.postMessage('unblocked')
  channel?.close()
}
