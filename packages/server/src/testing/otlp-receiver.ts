/** For tests: a collector of traces, as far as its HTTP port goes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string
  readonly exports: readonly Export[]
}

export interface Export {
  readonly path: string
  readonly contentType: string | undefined
  readonly body: ProtobufMessage
}

/** Fields by their number: numbers as they are, messages and texts as bytes. */
export type ProtobufMessage = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>

export const startOtlpReceiver = async (): Promise<OtlpReceiver> => {
  const exports: Export[] = []
  const server = createServer(async (incoming, outgoing) => {
    const raw = await buffer(incoming)
    const { 'content-encoding': encoding, 'content-type': contentType } = incoming.headers
    const body = decodeMessage(encoding === 'gzip' ? gunzipSync(raw) : raw)
    exports.push({ path: incoming.url!, contentType, body })
    outgoing.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** https://protobuf.dev/programming-guides/encoding/ */
export const decodeMessage = (bytes: Uint8Array): ProtobufMessage => {
  const fields = new Map<number, (bigint | Uint8Array)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length))
  while (at < bytes.length) {
    const tag = Number(varint())
    const [number, wireType] = [tag >> 3, tag & 7]
    const value = wireType === 0 ? varint() : take(wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint()))
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  /** 32 hex digits */
  readonly traceId: string
  /** 16 hex digits */
  readonly spanId: string
  /** '' for none */
  readonly parentId: string
  readonly attributes: Readonly<Record<string, string | number>>
  /** by `Status.StatusCode`: 2 is an error */
  readonly status: number
}

/** The spans of all exports, by the field numbers of opentelemetry/proto/trace/v1/trace.proto. */
export const spansOf = ({ exports }: OtlpReceiver): readonly ReceivedSpan[] =>
  exports.flatMap(({ body }) =>
    messages(body, 1).flatMap((resourceSpans) => {
      const resource = messages(resourceSpans, 1).flatMap((each) => Object.entries(attributesOf(each, 1)))
      const service = String(Object.fromEntries(resource)['service.name'])
      return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map((span) => toSpan(service, span)))
    }),
  )

const toSpan = (service: string, span: ProtobufMessage): ReceivedSpan => ({
  service,
  name: text(span, 5),
  traceId: hex(span, 1),
  spanId: hex(span, 2),
  parentId: hex(span, 4),
  attributes: attributesOf(span, 9),
  status: Number(messages(span, 15)[0]?.get(3)?.[0] ?? 0),
})

const bytesOf = (message: ProtobufMessage, field: number): readonly Uint8Array[] =>
  (message.get(field) ?? []).filter((value) => value instanceof Uint8Array)
const messages = (message: ProtobufMessage, field: number) => bytesOf(message, field).map(decodeMessage)
const text = (message: ProtobufMessage, field: number) => Buffer.from(bytesOf(message, field)[0] ?? []).toString()
const hex = (message: ProtobufMessage, field: number) => Buffer.from(bytesOf(message, field)[0] ?? []).toString('hex')

/** Of `KeyValue`, whose value is a text (1) or an integer (3). */
const attributesOf = (message: ProtobufMessage, field: number): Record<string, string | number> =>
  Object.fromEntries(
    messages(message, field).map((keyValue) => {
      const value = messages(keyValue, 2)[0]!
      return [text(keyValue, 1), value.has(3) ? Number(value.get(3)![0]) : text(value, 1)]
    }),
  )
