/** Messages between a window and its blob store worker. */
import { type ContentAddress, type ContentDigest, type ErrorCode, RockpoolError } from '@rockpool/protocol'

/** The worker's first message: it is ready, and holds this Web Lock while it lives. */
export interface WorkerReady {
  readonly lifeLock: string
}

/** One call. Further messages about it use a port of its own. */
export interface WorkerCall {
  readonly storeId: string
  readonly operation: WorkerOperation
}

export type WorkerOperation =
  | {
      readonly kind: 'write'
      /** a Blob is read in the worker; the parts of a stream are pulled from the window */
      readonly source: Blob | 'stream'
      readonly maxSize: number | undefined
    }
  | WritePart

export interface WritePart {
  readonly kind: 'writePart'
  readonly address: ContentAddress
  readonly number: number
  /** offset in the part of a fragment; undefined for the whole part */
  readonly fragmentAt: number | undefined
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type ToWorker =
  /** the answer to one `pull` */
  | { readonly kind: 'part'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  | { readonly kind: 'sourceFailed'; readonly reason: string }
  | { readonly kind: 'abort' }

export type FromWorker =
  | { readonly kind: 'pull' }
  /** the source is not read any more */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'done'; readonly digest: ContentDigest | undefined }
  | { readonly kind: 'failed'; readonly error: ErrorMessage }

/** A RockpoolError as a message: a cloned Error would lose its code. */
export interface ErrorMessage {
  readonly code: ErrorCode
  readonly message: string
  readonly cause: string
}

export const toMessage = (error: RockpoolError): ErrorMessage => ({
  code: error.code,
  message: error.message,
  cause: String(error.cause),
})

export const fromMessage = ({ code, message, cause }: ErrorMessage): RockpoolError =>
  new RockpoolError(code, message, { cause })
