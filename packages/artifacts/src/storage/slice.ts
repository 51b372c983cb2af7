/** What a response to a GET of a range holds. */
import { sha256 } from '@rockpool/protocol'
import { lengthOf } from '../chunks.ts'
import type { Reply } from './send.ts'
import type { Slice } from './storage.ts'

/** Undefined when the response is an error. */
export const sliceOf = async (
  { status, headers, chunks, sha256: digest }: Reply,
  start: number,
): Promise<Slice | undefined> => {
  // An empty object has no range.
  if (status === 416 && start === 0) {
    return { chunks: [], sha256: await sha256(new Uint8Array()), size: 0, etag: '' }
  }
  if (status !== 200 && status !== 206) return undefined
  const total = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]
  const size = total === undefined ? lengthOf(chunks) : Number(total)
  return { chunks, sha256: digest, size, etag: headers.get('etag') ?? '' }
}
