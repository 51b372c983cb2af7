/** The HTTP calls of one store, for tests. */
import { toWire } from './events.ts'
import type { LogEvent } from '../event-log/event.ts'

/** What any call responds with. */
export interface SyncBody {
  readonly backendId: string
  readonly head: number
  readonly events: readonly { readonly seqNum: number; readonly args?: { readonly value: unknown } }[]
  readonly taken: number
  readonly refused: readonly { readonly index: number; readonly code: string; readonly message: string }[]
  readonly error: { readonly code: string; readonly message: string; readonly index?: number }
}

export interface SyncResponse {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: SyncBody
}

export interface HttpClient {
  call(path: string, init?: RequestInit): Promise<SyncResponse>
  head(): Promise<SyncResponse>
  events(query?: string): Promise<SyncResponse>
  push(parent: number, events: readonly LogEvent[], more?: object): Promise<SyncResponse>
  /** pushes a body as it is */
  post(body: RequestInit['body'], init?: RequestInit): Promise<SyncResponse>
}

/** @param token undefined: no token is sent */
export const httpClient = (url: string, storeId: string, token: string | undefined): HttpClient => {
  const call = async (path: string, init: RequestInit = {}): Promise<SyncResponse> => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    const response = await fetch(`${url}/${storeId}${path}`, { ...init, headers })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  const post = (body: RequestInit['body'], init: RequestInit = {}) =>
    call('/events', { method: 'POST', ...(body !== undefined && { body }), ...init })
  return {
    call,
    post,
    head: () => call('/head'),
    events: (query = '') => call(`/events${query}`),
    push: (parent, events, more = {}) => post(JSON.stringify({ ...more, parent, events: events.map(toWire) })),
  }
}
