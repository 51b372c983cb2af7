/** Sends bodies to S3: length and digest are checked before the S3 bucket stores anything. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { equalBytes, PART_SIZE, sha256 as digestOf, toBase64, toHex } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import { exactBody } from '../exact-body.ts'
import type { IntegrityMode, ObjectBody } from '../object-store.ts'

/** Input of the SDK's command. */
export interface Payload {
  readonly Body: Uint8Array | Readable
  readonly ContentLength: number
  readonly ChecksumSHA256?: string
}

interface Command {
  readonly middlewareStack: { add(middleware: never, options: { readonly step: 'build'; readonly name: string }): void }
}

export interface Sending {
  readonly input: Payload
  /** makes the bucket check the SHA-256 of what arrives (`x-amz-content-sha256`) */
  readonly prepare: <C extends Command>(command: C) => C
}

/**
 * Sends a body. Up to one part (8 MiB) is buffered, so that it can be verified, hashed, and retried by the SDK. A
 * larger body streams, and is tried once.
 */
export const withPayload = async <A>(
  body: ObjectBody,
  options: { readonly size: number; readonly sha256?: Uint8Array<ArrayBuffer>; readonly signal?: AbortSignal },
  integrity: IntegrityMode,
  send: (sending: Sending, signal: AbortSignal | undefined) => Promise<A>,
): Promise<A> => {
  const { size, sha256, signal } = options
  if (size <= PART_SIZE) {
    const bytes = await readExactly(body, size, signal)
    const digest = await digestOf(bytes)
    if (sha256 && !equalBytes(digest, sha256)) throw mismatch()
    return send(sending(bytes, size, digest, integrity), signal)
  }
  const failed = new AbortController()
  const chunks = verified(body, size, sha256, signal, (error) => failed.abort(error))
  const stream = Readable.from(chunks, { objectMode: false })
  // `failed` reports it, unless the request has ended first.
  stream.on('error', () => {})
  try {
    // The SDK waits forever for the rest of a failed stream: abort the request, too.
    return await send(
      sending(stream, size, sha256, integrity),
      signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
    )
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error
  } finally {
    stream.destroy()
  }
}

const sending = (
  bytes: Uint8Array | Readable,
  size: number,
  digest: Uint8Array | undefined,
  integrity: IntegrityMode,
): Sending => ({
  input: {
    Body: bytes,
    ContentLength: size,
    ...(integrity === 'checksum' && digest ? { ChecksumSHA256: toBase64(digest) } : {}),
  },
  prepare: (command) => {
    const hash = digest ? toHex(digest) : 'UNSIGNED-PAYLOAD'
    command.middlewareStack.add(signPayload(hash) as never, { step: 'build', name: 'signPayload' })
    return command
  },
})

type Next = (args: { request: { headers: Record<string, string> } }) => Promise<unknown>

const signPayload =
  (hash: string) =>
  (next: Next): Next =>
  (args) => {
    args.request.headers['x-amz-content-sha256'] = hash
    return next(args)
  }

const readExactly = async (
  body: ObjectBody,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for await (const chunk of exactBody(body, size, signal)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The chunks. The last one is delayed until all are verified. */
async function* verified(
  body: ObjectBody,
  size: number,
  sha256: Uint8Array | undefined,
  signal: AbortSignal | undefined,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  let held: Uint8Array | undefined
  try {
    for await (const chunk of exactBody(body, size, signal)) {
      hash.update(chunk)
      if (held) yield held
      held = chunk
    }
    if (sha256 && !equalBytes(hash.digest(), sha256)) throw mismatch()
  } catch (error) {
    onError(error)
    throw error
  }
  if (held) yield held
}

const mismatch = () => new ObjectStoreError('digest_mismatch', 'The body is not the one whose SHA-256 was announced.')
