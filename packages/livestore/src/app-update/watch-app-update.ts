/** Tabs of two releases of an app that cannot share a leader. `session/leader-version.ts` of the plugin decides and sends. */

/**
 * In the words of IndexedDB:
 * - `blocked`: this page waits for a tab with another release; LiveStore opens once that tab is closed or reloaded
 * - `blocking`: a page with another release waits for the tabs of this one
 */
export type AppUpdate = 'none' | 'blocked' | 'blocking'

/** The page that waits repeats its message every 0.5 s. After this time it is closed, ms. */
const SILENCE_MS = 3_000

const BLOCKED = Symbol.for('rockpool.livestore.blocked')

const isBlocked = (storeId: string): boolean =>
  (globalThis as { readonly [BLOCKED]?: ReadonlySet<string> })[BLOCKED]?.has(storeId) ?? false

/**
 * Calls `listener` with each change; at first it is `none`. Call it before LiveStore opens: a page that waits has no store yet.
 *
 * @returns stop
 */
export const watchAppUpdate = (storeId: string, listener: (update: AppUpdate) => void): (() => void) => {
  const channel = new BroadcastChannel(`rockpool:app:${storeId}`)
  let current: AppUpdate = 'none'
  let silence: ReturnType<typeof setTimeout> | undefined
  const set = (update: AppUpdate) => {
    if (update === current) return
    current = update
    listener(update)
  }
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    clearTimeout(silence)
    if (data !== 'blocked') return set('none')
    // A page also receives its own messages, on another channel object.
    set(isBlocked(storeId) ? 'blocked' : 'blocking')
    silence = setTimeout(() => set('none'), SILENCE_MS)
  }
  return () => {
    clearTimeout(silence)
    channel.close()
  }
}
