/** Streamed responses over a real connection. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it, onTestFinished } from 'vitest'
import { sendReply } from './request.ts'

/** Node has it only behind a flag. */
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** More bytes than the buffers of both ends have room for. */
const LARGE = 32 * 1024 * 1024

/** One response with a body that the test writes. */
const respondTo = async (onCancel = () => {}) => {
  const sent = Promise.withResolvers<void>()
  let outgoing!: ServerResponse
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (own) => void (controller = own),
    cancel: onCancel,
  })
  const server = createServer((_, response) => {
    outgoing = response
    sendReply({ status: 200, headers: {}, body }, outgoing).then(sent.resolve, sent.reject)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  client.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(client, 'readable')
  /** Resolves while a write waits for the client, which does not read. */
  const stall = async () => {
    for (let n = 0; n < 2; n++) controller.enqueue(new Uint8Array(LARGE))
    await expect.poll(() => outgoing.writableNeedDrain).toBe(true)
  }
  return { controller, client, stall, sent: sent.promise }
}

it('keeps no chunk in memory that was sent, although the response goes on', async () => {
  const { controller, client } = await respondTo()
  const chunks: WeakRef<Uint8Array>[] = []
  let received = 0
  client.on('data', ({ byteLength }) => void (received += byteLength))
  for (let n = 1; n <= 100; n++) {
    const chunk = new Uint8Array(1_000)
    chunks.push(new WeakRef(chunk))
    controller.enqueue(chunk)
    await expect.poll(() => received, { interval: 1 }).toBeGreaterThanOrEqual(n * 1_000)
  }
  const kept = () => {
    collectGarbage()
    return chunks.filter((chunk) => chunk.deref() !== undefined).length
  }
  // The last one may stand in a variable still.
  await expect.poll(kept).toBeLessThanOrEqual(1)
})

it('writes no more than one chunk to a client that does not read, and all when it reads again', async () => {
  const { controller, client, stall, sent } = await respondTo()
  await stall()
  // One chunk is still in the stream.
  expect(controller.desiredSize).toBe(0)
  controller.close()
  let received = 0
  client.on('data', ({ byteLength }) => void (received += byteLength))
  await sent
  await expect.poll(() => received).toBeGreaterThanOrEqual(2 * LARGE)
})

const STATES = ['between chunks', 'while a write waits']

it.each(STATES)('cancels the body when the client leaves %s', async (state) => {
  const cancelled = Promise.withResolvers<void>()
  const { client, stall, sent } = await respondTo(cancelled.resolve)
  if (state === 'while a write waits') await stall()
  client.destroy()
  await cancelled.promise
  await sent
})

it.each(STATES)('breaks the connection when the body fails %s', async (state) => {
  const { controller, client, stall, sent } = await respondTo()
  if (state === 'while a write waits') await stall()
  controller.error(new Error('The client reads too slowly.'))
  await sent
  client.resume()
  await once(client, 'close')
})
