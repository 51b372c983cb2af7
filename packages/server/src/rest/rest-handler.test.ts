import { memoryStore } from '@rockpool/object-store/memory'
import { RockpoolError } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { URL_SECRET } from '../testing/content.ts'
import { createRestHandler, type RestOptions } from './rest-handler.ts'

it('opens no log for a store that does not exist: anyone can make up a name', async () => {
  const opened: string[] = []
  const readModel = { files: async () => ({ files: [] }), file: async () => undefined }
  const options: Partial<RestOptions> = {
    logs: {
      storeIds: async () => ['shop'],
      open: async (storeId) => {
        opened.push(storeId)
        return { readModel: readModel as never }
      },
    },
    store: memoryStore({ publicBaseUrl: 'http://localhost', secret: URL_SECRET }),
    buckets: { posters: { access: 'public' } },
    authenticate: async () => {
      throw new RockpoolError('unauthenticated', 'No token is right.')
    },
    allowedOrigins: [],
  }
  const { fetch } = createRestHandler(options as RestOptions)
  for (const store of ['shop', 'made-up']) {
    const headers = { 'rockpool-store': store }
    const response = await fetch(new Request('http://localhost/storage/v1/object/posters/a.png', { headers }))
    expect(response.status).toBe(404)
  }
  expect(opened).toEqual(['shop'])
})
