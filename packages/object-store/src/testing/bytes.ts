/** Bytes for tests. */
import { equalBytes } from '@rockpool/protocol'
import { expect } from 'vitest'

export { sampleBytes as someBytes } from '@rockpool/protocol/testing'

/** The bytes as a stream of chunks, optionally failing or hanging when they end. */
export const streamOf = (
  bytes: Uint8Array<ArrayBuffer>,
  options: { readonly chunk?: number; readonly end?: 'close' | 'fail' | 'hang'; readonly onCancel?: () => void } = {},
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const { chunk = 64 * 1024, end = 'close', onCancel } = options
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at + chunk))
        at += chunk
      } else if (end === 'close') controller.close()
      else if (end === 'fail') controller.error(new Error('The source broke off.'))
      else return new Promise<void>(() => {})
    },
    cancel: () => onCancel?.(),
  })
}

/** All bytes of a stream. */
export const readAll = async (body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())

/** Fails unless both hold the same bytes. (`toEqual` compares megabytes one number at a time.) */
export const expectBytes = (actual: Uint8Array, expected: Uint8Array): void => {
  if (equalBytes(actual, expected)) return
  const at = actual.findIndex((byte, i) => byte !== expected[i])
  expect.fail(`${actual.length} bytes are not the ${expected.length} expected; first difference at ${at}`)
}
