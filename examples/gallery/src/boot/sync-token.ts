/**
 * LiveStore takes one `syncPayload` when the store opens and connects with it for ever (@livestore/sync-cf 0.4.0,
 * ws-rpc-client.ts); worse, tabs whose payloads differ shut each other down ("Store invariants changed across leader
 * transitions"). So a token has no place in it. This puts a fresh one into each connection instead.
 */
import { connectionReporter } from './connection.ts'
import { fetchToken } from './token.ts'

/** What the page gives LiveStore: the same in every tab, and at any time. */
export interface SyncPayload {
  readonly user: string
}

/** Call it in the LiveStore worker, before `makeWorker`. A worker has one store. */
export const connectWithToken = (): void => {
  let report: ((connected: boolean) => void) | undefined
  self.WebSocket = new Proxy(WebSocket, {
    construct: (Native, [address, protocols]: [string | URL, (string | string[])?]) => {
      const url = new URL(address)
      const storeId = url.searchParams.get('storeId')
      if (storeId === null) return new Native(address, protocols)
      const socket = new TokenSocket(url, protocols)
      const tell = (report ??= connectionReporter(storeId))
      socket.addEventListener('open', () => tell(true))
      socket.addEventListener('close', () => tell(false))
      return socket
    },
  })
}

const Native = WebSocket

/** A WebSocket, as far as LiveStore uses it, that gets its token before it connects. */
class TokenSocket extends EventTarget {
  #socket: WebSocket | undefined
  #closed = false

  constructor(url: URL, protocols: string | string[] | undefined) {
    super()
    withToken(url).then(
      () => {
        if (this.#closed) return
        this.#socket = new Native(url, protocols)
        this.#socket.binaryType = 'arraybuffer'
        this.#socket.addEventListener('open', () => this.dispatchEvent(new Event('open')))
        this.#socket.addEventListener('error', () => this.dispatchEvent(new Event('error')))
        this.#socket.addEventListener('message', ({ data }) =>
          this.dispatchEvent(new MessageEvent('message', { data })),
        )
        this.#socket.addEventListener('close', ({ code, reason }) => this.#end(code, reason))
      },
      // The servers are away. LiveStore tries again, and so is the token asked for again.
      () => {
        this.dispatchEvent(new Event('error'))
        this.#end(ABNORMAL_CLOSURE, 'There is no token.')
      },
    )
  }

  get readyState(): number {
    return this.#closed ? Native.CLOSED : (this.#socket?.readyState ?? Native.CONNECTING)
  }

  send(data: string | ArrayBuffer): void {
    this.#socket?.send(data)
  }

  close(code?: number, reason?: string): void {
    if (this.#socket) this.#socket.close(code, reason)
    else this.#end(code, reason)
  }

  #end(code?: number, reason?: string): void {
    if (this.#closed) return
    this.#closed = true
    this.dispatchEvent(new CloseEvent('close', { code: code ?? NO_STATUS, reason: reason ?? '' }))
  }
}

// RFC 6455, section 7.4.1
const ABNORMAL_CLOSURE = 1006
const NO_STATUS = 1005

/** Adds a token to the payload in the address, which the sync backend reads. */
const withToken = async ({ searchParams }: URL): Promise<void> => {
  // Encoded once more than the query itself (SearchParamsSchema in @livestore/sync-cf).
  const payload = JSON.parse(decodeURIComponent(searchParams.get('payload') ?? '{}')) as SyncPayload
  const authToken = await fetchToken(payload.user, searchParams.get('storeId') ?? '')
  searchParams.set('payload', encodeURIComponent(JSON.stringify({ ...payload, authToken })))
}
