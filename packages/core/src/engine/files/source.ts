/** Normalizes what `add` takes. */
import { OCTET_STREAM, readMediaType, RockpoolError } from '@rockpool/protocol'
import type { FileSource } from '../../pool.ts'
import { cleanName } from './source-name.ts'

export interface ReadableSource {
  readonly body: Blob | ReadableStream<Uint8Array>
  /** the source's own name and type, cleaned; undefined when it has none that can be read */
  readonly name: string | undefined
  readonly type: string | undefined
  /** bytes, as declared; undefined when unknown */
  readonly size: number | undefined
}

/** @throws RockpoolError `source_failed` for a Response that is not ok or was read before, and for anything else */
export const readableSource = (source: FileSource): ReadableSource => {
  if (source instanceof Blob) {
    const name = source instanceof File ? cleanName(source.name) : undefined
    return { body: source, name, type: readMediaType(source.type), size: source.size }
  }
  if (source instanceof ReadableStream) return { body: source, name: undefined, type: undefined, size: undefined }
  if (source instanceof Response) return fromResponse(source)
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    // A copy: the caller may write into its buffer later.
    const body = new Blob([source as BlobPart])
    return { body, name: undefined, type: undefined, size: body.size }
  }
  throw new RockpoolError('source_failed', 'Add a Blob, File, ReadableStream, Response, ArrayBuffer or typed array.')
}

const fromResponse = (response: Response): ReadableSource => {
  if (!response.ok || response.bodyUsed) {
    const why = response.bodyUsed ? 'was read before' : `has status ${response.status}`
    throw new RockpoolError('source_failed', `The Response to add ${why}. Fetch it again.`)
  }
  const length = response.headers.get('content-length')
  // With a content-encoding, content-length is not the length of the body.
  const size = length !== null && !response.headers.has('content-encoding') ? Number(length) : undefined
  return {
    body: response.body ?? new Blob([]),
    name: undefined,
    type: readMediaType(response.headers.get('content-type') ?? ''),
    size: Number.isSafeInteger(size) ? size : undefined,
  }
}

export const DEFAULT_NAME = 'untitled'
export const DEFAULT_TYPE = OCTET_STREAM
