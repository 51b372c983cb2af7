/** A new store for each test: suites share one server. */
import { signToken, type SignTokenOptions } from '@rockpool/access/testing'
import { onTestFinished } from 'vitest'
import { type HttpClient, httpClient } from './http-client.ts'
import { connectLive, type LiveClient, type LiveOptions } from './live-client.ts'
import type { ServerSubject } from './server-suite.ts'

let stores = 0

export interface TestStore extends HttpClient {
  readonly storeId: string
  /** the calls with another token */
  as(options: SignTokenOptions): Promise<HttpClient>
  /** a WebSocket, closed when the test ends */
  live(options?: LiveOptions & SignTokenOptions): Promise<LiveClient>
}

export const openStore = async ({ url }: ServerSubject): Promise<TestStore> => {
  const storeId = `store-${++stores}`
  return {
    ...httpClient(url, storeId, await signToken(storeId)),
    storeId,
    as: async (options) => httpClient(url, storeId, await signToken(storeId, options)),
    live: async (options = {}) => {
      const client = connectLive(url, storeId, await signToken(storeId, options), options)
      onTestFinished(() => client.socket.terminate())
      return client
    },
  }
}
