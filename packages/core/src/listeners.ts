/** Listeners, called in the order of subscription. One that throws does not affect the others. */
export interface Listeners<A> {
  /** @returns unsubscribe */
  add(listener: (value: A) => void): () => void
  emit(value: A): void
  clear(): void
}

export const makeListeners = <A>(): Listeners<A> => {
  const listeners = new Set<{ readonly listener: (value: A) => void }>()
  return {
    add(listener) {
      const entry = { listener } // the same function may be added twice
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    emit(value) {
      for (const { listener } of [...listeners]) {
        try {
          listener(value)
        } catch (error) {
          reportError(error) // as the platform does with event listeners
        }
      }
    },
    clear: () => listeners.clear(),
  }
}

const reportError = (error: unknown): void => {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else
    queueMicrotask(() => {
      throw error
    })
}
