/** A WebSocket client of `/live` for tests. */
import { WebSocket } from 'ws'

export interface LiveMessage {
  readonly backendId: string
  readonly since?: number
  readonly head: number
  readonly events?: readonly { readonly seqNum: number; readonly args?: unknown }[]
}

export interface LiveClient {
  readonly socket: WebSocket
  /** The next message; rejects when the WebSocket closes before it. */
  next(): Promise<LiveMessage>
  /** Resolves with the code when the WebSocket has closed. */
  readonly closed: Promise<number>
  close(): void
}

export interface LiveOptions {
  readonly since?: number | string
  readonly protocols?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

export const bearerProtocol = (token: string): string => `rockpool.bearer.${Buffer.from(token).toString('base64url')}`

/** workerd leaves the TCP connection open after the Close frames, until the Durable Object is evicted. */
const CLOSE_TIMEOUT_MS = 500

/** @param token undefined: `options` say how to send it */
export const connectLive = (url: string, storeId: string, token?: string, options: LiveOptions = {}): LiveClient => {
  const { since, protocols = ['rockpool.v1', ...(token === undefined ? [] : [bearerProtocol(token)])] } = options
  const query = since === undefined ? '' : `?since=${since}`
  const address = `${url.replace(/^http/, 'ws')}/${storeId}/live${query}`
  // @types/ws lacks `closeTimeout`.
  const socketOptions = { headers: { ...options.headers }, closeTimeout: CLOSE_TIMEOUT_MS }
  const socket = new WebSocket(address, [...protocols], socketOptions)
  const received: LiveMessage[] = []
  const waiting: { resolve: (message: LiveMessage) => void; reject: (error: Error) => void }[] = []
  const closed = Promise.withResolvers<number>()
  let end: Error | undefined
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as LiveMessage
    const next = waiting.shift()
    if (next) next.resolve(message)
    else received.push(message)
  })
  socket.on('error', () => {})
  socket.on('close', (code) => {
    end = new Error(`The WebSocket closed with ${code}.`)
    for (const { reject } of waiting.splice(0)) reject(end)
    closed.resolve(code)
  })
  return {
    socket,
    closed: closed.promise,
    close: () => socket.close(1000),
    next: () => {
      const message = received.shift()
      if (message) return Promise.resolve(message)
      if (end) return Promise.reject(end)
      const { promise, resolve, reject } = Promise.withResolvers<LiveMessage>()
      waiting.push({ resolve, reject })
      return promise
    },
  }
}

/** The response to an upgrade that was refused. */
export const refusedUpgrade = ({ socket }: LiveClient): Promise<number> =>
  new Promise((resolve, reject) => {
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    socket.on('open', () => reject(new Error('The upgrade was accepted.')))
  })
