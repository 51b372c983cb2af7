/** The browser's question before a page with unsaved changes closes. */
import { Effect, type Scope } from 'effect'

export const confirmBeforeUnload = (isUnsaved: () => boolean): Effect.Effect<void, never, Scope.Scope> => {
  if (typeof window === 'undefined' || typeof window.addEventListener !== 'function') return Effect.void
  const ask = (event: BeforeUnloadEvent) => {
    if (isUnsaved()) event.preventDefault()
  }
  return Effect.acquireRelease(
    Effect.sync(() => window.addEventListener('beforeunload', ask)),
    () => Effect.sync(() => window.removeEventListener('beforeunload', ask)),
  )
}
