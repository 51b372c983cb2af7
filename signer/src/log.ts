/** One JSON line for each request, each decision, and each failure to replicate. */
import type { ReplicationFailure } from '@rockpool/object-store/hybrid'
import { describeError } from './errors.ts'
import type { SignerHooks } from './hooks.ts'

/** Hooks that write lines. `write` takes a whole line with its line break. */
export const logHooks = (write: (line: string) => void, now: () => Date = () => new Date()): SignerHooks => {
  const line = (kind: string, fields: object) =>
    write(`${JSON.stringify({ time: now().toISOString(), kind, ...fields })}\n`)
  return {
    onRequest: (request) => line('request', request),
    onDecision: (decision) => line('decision', decision),
    onEvent: (event) => {
      // A denial is a decision, which has its line already.
      if (event.type !== 'access.denied') line('event', event)
    },
  }
}

/** Writes a line for each failed attempt of a hybrid store to replicate to S3. */
export const logReplication =
  (write: (line: string) => void, now: () => Date = () => new Date()) =>
  ({ key, error, retryAt }: ReplicationFailure): void =>
    write(
      `${JSON.stringify({
        time: now().toISOString(),
        kind: 'replication',
        ...(key !== undefined && { key }),
        error: describeError(error),
        retryAt: new Date(retryAt).toISOString(),
      })}\n`,
    )
