import type { Refusal, SyncEvent, WireError } from './wire.ts'

/** The server rejects a push as a whole. The cause of the `UnknownError` that a push fails with. */
export class PushRejectedError extends Error {
  override readonly name = 'PushRejectedError'
  readonly code: string

  constructor({ code, message }: WireError) {
    super(message)
    this.code = code
  }
}

/** An event that the server refuses for good, and why. */
export interface RefusedEvent extends Omit<Refusal, 'index'> {
  readonly event: SyncEvent
}

/** The server refuses events for good. The leader of `@rockpool/livestore-plugin` rolls back `refusedEvents`. */
export class PushRefusedError extends Error {
  override readonly name = 'PushRefusedError'
  readonly refused: readonly RefusedEvent[]

  constructor(refused: readonly RefusedEvent[]) {
    super(refused[0]?.message)
    this.refused = refused
  }

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
