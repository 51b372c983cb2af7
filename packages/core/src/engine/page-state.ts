/** What the page tells the engine: online or not, in use or about to be frozen. Without a page: online and in use. */
import { Context, Effect, Layer } from 'effect'
import { makeListeners } from './listeners.ts'

export interface PageStateShape {
  readonly online: () => boolean
  /** false from `pagehide` or `freeze` on, until `pageshow` or `resume`: a frozen page must not lead */
  readonly inUse: () => boolean
  /** Calls `listener` after either changed. @returns unsubscribe */
  readonly subscribe: (listener: () => void) => () => void
}

export class PageState extends Context.Tag('@rockpool/core/PageState')<PageState, PageStateShape>() {}

export const PageStateLive = Layer.scoped(
  PageState,
  Effect.gen(function* () {
    const listeners = makeListeners<void>()
    let inUse = true
    const changed = () => listeners.emit()
    const leave = () => {
      inUse = false
      changed()
    }
    const enter = () => {
      inUse = true
      changed()
    }
    const stop = new AbortController()
    yield* Effect.addFinalizer(() => Effect.sync(() => stop.abort()))
    if (typeof globalThis.addEventListener === 'function') {
      const options = { signal: stop.signal }
      globalThis.addEventListener('online', changed, options)
      globalThis.addEventListener('offline', changed, options)
      globalThis.addEventListener('pagehide', leave, options)
      globalThis.addEventListener('pageshow', enter, options)
      globalThis.document?.addEventListener('freeze', leave, options)
      globalThis.document?.addEventListener('resume', enter, options)
    }
    return { online: () => globalThis.navigator?.onLine !== false, inUse: () => inUse, subscribe: listeners.add }
  }),
)
