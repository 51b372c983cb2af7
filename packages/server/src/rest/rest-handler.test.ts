import { memoryStore } from '@rockpool/object-store/memory'
import { ObjectStoreError } from '@rockpool/object-store'
import { RockpoolError } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { URL_SECRET } from '../testing/content.ts'
import { createRestHandler, type RestOptions } from './rest-handler.ts'

const store = memoryStore({ publicBaseUrl: 'http://localhost', secret: URL_SECRET })
const LOG = { backendId: 'log', cursorId: 'log', head: async () => 0 }
const FILE = { id: '1', name: 'a.png', type: 'image/png', bucket: 'posters', remoteKey: 'shop/posters/a' }

/** A server with one public bucket that has one file, for callers without a token. */
const optionsWith = (more: Partial<RestOptions>): RestOptions => {
  const readModel = { files: async () => ({ files: [FILE] }) }
  const options: Partial<RestOptions> = {
    logs: { storeIds: async () => ['shop'], open: async () => ({ ...LOG, readModel: readModel as never }) },
    store,
    storeBuckets: { bucketsOf: () => ({ posters: { access: 'public' } }), create: async () => false },
    authenticate: async () => {
      throw new RockpoolError('unauthenticated', 'No token is right.')
    },
    allowedOrigins: [],
    ...more,
  }
  return options as RestOptions
}
const requestTo = (storeId: string, init: RequestInit = {}) =>
  new Request('http://localhost/storage/v1/object/posters/a.png', { headers: { 'rockpool-store': storeId }, ...init })

it('opens no log for a store that does not exist: anyone can make up a name', async () => {
  const opened: string[] = []
  const logs: RestOptions['logs'] = {
    storeIds: async () => ['shop'],
    open: async (storeId) => {
      opened.push(storeId)
      return { ...LOG, readModel: { files: async () => ({ files: [] }), file: async () => undefined } as never }
    },
  }
  const { fetch } = createRestHandler(optionsWith({ logs }))
  for (const storeId of ['shop', 'made-up']) expect((await fetch(requestTo(storeId))).status).toBe(404)
  expect(opened).toEqual(['shop'])
})

it('reports a read that object storage failed, and one that the client cancelled not', async () => {
  const errors: unknown[] = []
  const down = new ObjectStoreError('unavailable', 'S3 is down.')
  const get = () => Promise.reject(down)
  const { fetch } = createRestHandler(optionsWith({ store: { ...store, get }, onError: (error) => errors.push(error) }))
  expect((await fetch(requestTo('shop'))).status).toBe(503)
  expect(errors).toEqual([down])
  await fetch(requestTo('shop', { signal: AbortSignal.abort() }))
  expect(errors).toEqual([down])
})

it('does not report a failure after the client has left', async () => {
  const errors: unknown[] = []
  const logs: RestOptions['logs'] = { open: () => Promise.reject(new Error('It was aborted.')) }
  const { fetch } = createRestHandler(optionsWith({ logs, onError: (error) => errors.push(error) }))
  await fetch(requestTo('shop', { signal: AbortSignal.abort() }))
  expect(errors).toEqual([])
  await fetch(requestTo('shop'))
  expect(errors).toHaveLength(1)
})
