/** The bytes of one download from object storage: one request for as many pieces as follow one another. */
import type { ByteSpan } from '@rockpool/protocol'
import { type ByteReader, read } from './byte-reader.ts'
import { mismatch, noRanges } from './download-errors.ts'
import type { RangePiece } from './range-plan.ts'
import { readAhead } from './read-ahead.ts'
import type { RemoteObject } from './remote-object.ts'

/** A response under way. Offsets in the content. */
export interface OpenBody {
  readonly body: ByteReader
  /** its next byte */
  readonly at: number
  /** exclusive */
  readonly end: number
}

export interface PieceBody {
  /**
   * The bytes of the content from `at` on, as they arrive.
   *
   * @param end of the span to request when the response under way does not go on at `at`
   */
  read(at: number, max: number, end: () => number): Promise<Uint8Array<ArrayBuffer>>
  cancel(): Promise<void>
}

/** @param size bytes of the whole content */
export const pieceBody = ({
  object,
  size,
  pieces,
  opened,
}: {
  readonly object: RemoteObject
  readonly size: number
  readonly pieces: readonly RangePiece[]
  readonly opened: OpenBody | undefined
}): PieceBody => {
  let current = opened && whileDiskIsRead(opened, pieces)

  const request = async (span: ByteSpan): Promise<OpenBody> => {
    const { body, sent, isRange } = await object.open(span)
    const isWhole = !isRange && span.start === 0
    if ((isRange || isWhole) && (sent === undefined || sent.size === size))
      return { body, at: span.start, end: span.end }
    await body.cancel()
    throw isRange ? mismatch() : noRanges()
  }

  const cancel = async (): Promise<void> => {
    await current?.body.cancel()
    current = undefined
  }

  return {
    async read(at, max, end) {
      if (current?.at !== at || at >= current.end) {
        await cancel()
        current = await request({ start: at, end: end() })
      }
      const bytes = await read(current.body, Math.min(max, current.end - at))
      current = { ...current, at: at + bytes.length }
      return bytes
    },
    cancel,
  }
}

/** The first pieces may be on disk: their reader may take longer than the connection lasts. */
const whileDiskIsRead = (opened: OpenBody, pieces: readonly RangePiece[]): OpenBody => {
  const next = pieces.find(({ from }) => from === 'remote')
  if (!next || next === pieces[0] || opened.at < next.read.start || opened.at >= next.read.end) return opened
  return { ...opened, body: readAhead(opened.body, Math.min(opened.end, next.read.end) - opened.at) }
}
