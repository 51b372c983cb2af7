/** Listeners that are called in the order in which they came. One that throws does not keep the others from hearing. */
export interface Listeners<A> {
  add(listener: (value: A) => void): () => void
  emit(value: A): void
}

export const makeListeners = <A>(): Listeners<A> => {
  const listeners = new Set<{ readonly listener: (value: A) => void }>()
  return {
    add(listener) {
      const entry = { listener } // the same function may listen twice
      listeners.add(entry)
      return () => listeners.delete(entry)
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
  }
}

const reportError = (error: unknown): void => {
  if (typeof globalThis.reportError === 'function') globalThis.reportError(error)
  else
    queueMicrotask(() => {
      throw error
    })
}
