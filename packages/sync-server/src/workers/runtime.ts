/** The parts of the Workers runtime that are used here. The types of the runtime itself clash with those of the DOM. */

export interface DurableObjectStorage {
  readonly sql: {
    exec(query: string, ...values: (string | number | null)[]): Iterable<Readonly<Record<string, unknown>>>
  }
  transactionSync<A>(work: () => A): A
  /** null: none is set. While one runs, it no longer is. */
  getAlarm(): Promise<number | null>
  setAlarm(time: number): Promise<void>
}

/** A WebSocket on the server's side. */
export interface ServerSocket {
  accept(): void
  send(message: string): void
  close(code?: number, reason?: string): void
  serializeAttachment(value: unknown): void
  deserializeAttachment(): unknown
}

export interface DurableObjectState {
  readonly id: DurableObjectId
  readonly storage: DurableObjectStorage
  acceptWebSocket(socket: ServerSocket): void
  getWebSockets(): ServerSocket[]
  setWebSocketAutoResponse(pair: unknown): void
}

export interface DurableObjectId {
  equals(other: DurableObjectId): boolean
}

export interface DurableObjectNamespace {
  idFromName(name: string): DurableObjectId
  get(id: DurableObjectId): { fetch(request: Request): Promise<Response> }
}

interface WorkersGlobals {
  readonly WebSocketPair: new () => { readonly 0: unknown; readonly 1: ServerSocket }
  readonly WebSocketRequestResponsePair: new (request: string, response: string) => unknown
}

const globals = globalThis as unknown as WorkersGlobals

/** A response that is an upgrade, and the server's side of its WebSocket. */
export const upgradeResponse = (
  subprotocol: string,
): { readonly response: Response; readonly socket: ServerSocket } => {
  const { 0: webSocket, 1: socket } = new globals.WebSocketPair()
  const init = { status: 101, webSocket, headers: { 'sec-websocket-protocol': subprotocol } }
  return { response: new Response(null, init as ResponseInit), socket }
}

/** The runtime replies `response` to `request` on every WebSocket, without waking the object. */
export const autoResponse = (request: string, response: string): unknown =>
  new globals.WebSocketRequestResponsePair(request, response)
