/** Logs one JSON line per request and per decision. */
import type { SignerHooks } from './hooks.ts'

/** Hooks that write lines. `write` takes a whole line with its line break. */
export const logHooks = (write: (line: string) => void, now: () => Date = () => new Date()): SignerHooks => {
  const line = (kind: string, fields: object) =>
    write(`${JSON.stringify({ time: now().toISOString(), kind, ...fields })}\n`)
  return {
    onRequest: (request) => line('request', request),
    onDecision: (decision) => line('decision', decision),
    onEvent: (event) => {
      // A denial is a decision and already has a line.
      if (event.type !== 'access.denied') line('event', event)
    },
  }
}
