/**
 * Keeps the tabs of LiveStore's shared worker apart. Two defects of Effect's workers (@effect/platform 0.96.1)
 * let one tab break the others when several are open:
 *
 * - A response to a port that has closed goes to `self.postMessage`, which a shared worker does not have, and the TypeError ends
 *   the worker. After a tab shuts its store down with a stream open, no tab reaches its leader, and a page that is opened
 *   or reloaded starts a second shared worker and waits there for a leader.
 *   https://github.com/Effect-TS/effect/blob/%40effect/platform-browser%400.76.0/packages/platform-browser/src/internal/workerRunner.ts
 * - Requests are kept by their ids, which are unique within a port only. A tab that interrupts its request 3 interrupts
 *   request 3 of another tab.
 *   https://github.com/Effect-TS/effect/blob/%40effect/platform%400.96.1/packages/platform/src/internal/workerRunner.ts
 *
 * Two lines of `fixes.ts` call it. It imports nothing, so that it has no copy of Effect.
 */
import type { WorkerRunner } from '@livestore/utils/effect'
import type { Effect } from 'effect'

type Runner = WorkerRunner.PlatformRunner

/** Of a request: what a tab sends, and what it gets. The runner only compares ids, and returns them. */
type Message = readonly [id: unknown, ...rest: unknown[]]

/**
 * @param map of the Effect that `runner` is made with
 * @param scope the global scope of the shared worker
 */
export const separatePorts = (runner: Runner, map: typeof Effect.map, scope: object = globalThis): Runner => {
  // The tab is gone: nothing waits for the response.
  if (!('postMessage' in scope)) Object.assign(scope, { postMessage: () => {} })
  return {
    ...runner,
    start: <I, O>(closeLatch: Parameters<Runner['start']>[0]) =>
      map(runner.start<Message, Message>(closeLatch), (ports): WorkerRunner.BackingRunner<I, O> => ({
        ...ports,
        run: (handler) => ports.run((portId, [id, ...rest]) => handler(portId, [`${portId}:${id}`, ...rest] as I)),
        send: (portId, message, transfers) => {
          const [id, ...rest] = message as Message
          return ports.send(portId, [Number(`${id}`.split(':')[1]), ...rest], transfers)
        },
      })),
  }
}
