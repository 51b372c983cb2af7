/** For tests: who receives webhooks. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  readonly id: string
  readonly event: Record<string, any>
  /** whether the signature is right */
  readonly isSigned: boolean
}

export interface Reply {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: object
}

export interface Receiver {
  readonly url: string
  /** in the order of their arrival */
  readonly received: readonly Received[]
  close(): Promise<void>
}

export const RECEIVER_KEY = Buffer.alloc(32, 7)
export const RECEIVER_SECRET = `whsec_${RECEIVER_KEY.toString('base64')}`

/** @param reply undefined: no response at all */
export const startReceiver = async (
  reply: (received: Received) => Reply | undefined | Promise<Reply | undefined> = () => ({ status: 204 }),
): Promise<Receiver> => {
  const received: Received[] = []
  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming)
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = incoming.headers
    const mac = createHmac('sha256', RECEIVER_KEY)
      .update(`${String(id)}.${String(timestamp)}.${body}`)
      .digest('base64')
    const call = { id: String(id), event: JSON.parse(body), isSigned: signature === `v1,${mac}` }
    received.push(call)
    const response = await reply(call)
    if (!response) return
    outgoing.writeHead(response.status, response.headers)
    outgoing.end(response.body && JSON.stringify(response.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
