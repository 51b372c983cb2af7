/** Events that the server refuses for good, as the cause of the `UnknownError` that their push fails with. */
import type { Refusal, SyncEvent } from './wire.ts'

/** An event that the server refuses for good, and why. */
export interface RefusedEvent extends Omit<Refusal, 'index'> {
  readonly event: SyncEvent
}

/** The leader of `@rockpool/livestore-plugin` rolls back `refusedEvents`. */
export class PushRefusedError extends Error {
  override readonly name = 'PushRefusedError'
  readonly refused: readonly RefusedEvent[]

  constructor(refused: readonly RefusedEvent[]) {
    super(refused[0]?.message)
    this.refused = refused
  }

  /** as they were pushed */
  get refusedEvents(): readonly SyncEvent[] {
    return this.refused.map(({ event }) => event)
  }
}

/** The refusal in the error of a push, if it is one. */
export const pushRefusedError = (error: unknown): PushRefusedError | undefined => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof PushRefusedError) return inner
  }
  return undefined
}
