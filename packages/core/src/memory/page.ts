import { makeListeners } from '../listeners.ts'
import type { PlatformPage } from '../platform/platform.ts'

interface MemoryPageState {
  readonly isOnline: boolean
  readonly isVisible: boolean
  readonly isFrozen: boolean
}

export interface MemoryPage extends PlatformPage {
  /** Changes what is given and calls the listeners. */
  set(changes: Partial<MemoryPageState>): void
}

/** A page that a test opens, hides and freezes. It starts online, visible and running. */
export const memoryPage = (): MemoryPage => {
  const listeners = makeListeners<void>()
  let state: MemoryPageState = { isOnline: true, isVisible: true, isFrozen: false }
  return {
    isOnline: () => state.isOnline,
    isVisible: () => state.isVisible,
    isFrozen: () => state.isFrozen,
    subscribe: listeners.add,
    set(changes) {
      state = { ...state, ...changes }
      listeners.emit()
    },
  }
}
