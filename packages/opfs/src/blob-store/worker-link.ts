/** A running blob store worker, as its window sees it. */
import type { WorkerCall, WorkerReady } from './messages.ts'

export interface WorkerLink {
  /** Starts a call. Everything about it comes over the port. */
  readonly call: (call: WorkerCall, transfer: readonly Transferable[]) => MessagePort
  /** Aborts when the worker has died or was ended. */
  readonly dead: AbortSignal
  readonly end: () => void
}

/** Waits for a started worker to serve. Undefined when it cannot: not found, blocked by a policy, broken. */
export const linkWorker = (start: () => Worker): Promise<WorkerLink | undefined> =>
  new Promise((resolve) => {
    const died = new AbortController()
    let worker: Worker
    try {
      worker = start()
    } catch {
      resolve(undefined)
      return
    }
    const end = () => {
      worker.terminate()
      died.abort()
    }
    worker.onerror = (event) => {
      event.preventDefault()
      end()
      resolve(undefined)
    }
    worker.onmessage = ({ data }: MessageEvent<WorkerReady>) => {
      // Granted only when the worker is gone, for whatever reason.
      navigator.locks.request(data.lifeLock, { signal: died.signal }, end).catch(() => {})
      resolve({
        call: (call, transfer) => {
          const { port1, port2 } = new MessageChannel()
          worker.postMessage(call, [port2, ...transfer])
          return port1
        },
        dead: died.signal,
        end,
      })
    }
  })
