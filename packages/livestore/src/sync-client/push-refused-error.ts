import type { WireError } from './wire.ts'

/** The server rejects events of this device for good. The cause of the `UnknownError` that a push fails with. */
export class PushRefusedError extends Error {
  override readonly name = 'PushRefusedError'
  readonly code: string
  /** which event of the batch; undefined when the server rejects the batch as a whole */
  readonly index: number | undefined

  constructor({ code, message, index }: WireError) {
    super(message)
    this.code = code
    this.index = index
  }
}

/** The refusal in a failure of a push, if it is one. */
export const pushRefusedError = (error: unknown): PushRefusedError | undefined => {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof PushRefusedError) return inner
  }
  return undefined
}
