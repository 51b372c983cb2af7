/** WebSocket frames in a stream of bytes (RFC 6455, section 5.2). */

export const CLOSE_FRAME = 8
const CONTINUATION = 0
const TEXT = 1
const BINARY = 2

export interface Frame {
  readonly opcode: number
  /** the whole frame, header included */
  readonly bytes: Buffer
  /** unmasked */
  readonly payload: Buffer
}

export const isData = ({ opcode }: Frame): boolean => [CONTINUATION, TEXT, BINARY].includes(opcode)

/** The code of a Close frame; 1005 when it has none. */
export const closeCode = ({ payload }: Frame): number => (payload.length < 2 ? 1005 : payload.readUInt16BE(0))

/** @returns takes chunks of the stream, and returns the frames that each completes */
export const frameReader = (): ((chunk: Uint8Array) => readonly Frame[]) => {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const frames: Frame[] = []
    for (let frame = firstFrame(rest); frame; frame = firstFrame(rest)) {
      frames.push(frame)
      rest = rest.subarray(frame.bytes.length)
    }
    return frames
  }
}

const firstFrame = (bytes: Buffer): Frame | undefined => {
  if (bytes.length < 2) return undefined
  const shortLength = bytes[1]! & 0x7f
  const lengthBytes = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0
  const maskBytes = bytes[1]! & 0x80 ? 4 : 0
  const start = 2 + lengthBytes + maskBytes
  if (bytes.length < start) return undefined
  const length =
    lengthBytes === 0 ? shortLength : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (bytes.length < start + length) return undefined
  const mask = bytes.subarray(start - maskBytes, start)
  const payload = Buffer.from(bytes.subarray(start, start + length))
  if (maskBytes > 0) for (let index = 0; index < length; index++) payload[index]! ^= mask[index % 4]!
  return { opcode: bytes[0]! & 0x0f, bytes: bytes.subarray(0, start + length), payload }
}
