/**
 * One budget for all transfers of a pool: connections to the object store, and bytes in flight. More of either speeds up no
 * transfer, and delays what the person waits for.
 */
import { aborted } from '@rockpool/protocol'
import { type BudgetLimits, type BudgetState, type ConnectionNeed, grant, IDLE, released } from './budget-plan.ts'

/** Releases what was acquired; a second call does nothing. */
export type Release = () => void

export interface ConnectionBudget {
  /**
   * Waits for a connection, in the order of the calls.
   *
   * @throws RockpoolError `aborted`, or the error that `signal` was aborted with
   */
  acquire(need: ConnectionNeed, signal?: AbortSignal): Promise<Release>
  /** Counts a reader's download, which never waits: other transfers get less until it is released. For streams see `reader-slot.ts`. */
  read(): Release
}

export const makeConnectionBudget = (limits: BudgetLimits): ConnectionBudget => {
  let state: BudgetState = IDLE
  let ids = 0
  const starts = new Map<number, () => void>()

  const next = () => {
    const result = grant(state, limits)
    state = result.state
    for (const id of result.granted) {
      const start = starts.get(id)
      starts.delete(id)
      start?.()
    }
  }
  const once = (giveBack: () => void): Release => {
    let isGivenBack = false
    return () => {
      if (isGivenBack) return
      isGivenBack = true
      giveBack()
      next()
    }
  }

  return {
    acquire(need, signal) {
      if (signal?.aborted) return Promise.reject(aborted(signal))
      const id = ids++
      return new Promise((resolve, reject) => {
        const withdraw = () => {
          starts.delete(id)
          state = { ...state, waiting: state.waiting.filter((waiting) => waiting.id !== id) }
          reject(aborted(signal!))
          // The aborted need may have blocked smaller ones behind it.
          next()
        }
        starts.set(id, () => {
          signal?.removeEventListener('abort', withdraw)
          resolve(once(() => (state = released(state, need))))
        })
        signal?.addEventListener('abort', withdraw, { once: true })
        state = { ...state, waiting: [...state.waiting, { id, ...need }] }
        next()
      })
    },
    read() {
      state = { ...state, readers: state.readers + 1 }
      return once(() => (state = { ...state, readers: state.readers - 1 }))
    },
  }
}
