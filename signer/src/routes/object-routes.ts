/** The bytes themselves: by signed URLs of this signer, or with a token. */
import * as schema from '@rockpool/protocol/schema'
import { identify, parseRequest } from '../identify.ts'
import { deleteObject, readObject, serveSigned, writeObject } from '../objects.ts'
import { objectOf, pathBehind, setStoreId } from '../request-context.ts'
import type { AddRoutes } from './routes.ts'

export const addObjectRoutes: AddRoutes = (app, services, _, { urlSecret }) => {
  app.delete('/objects', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, schema.DownloadUrlQuery, true)
    return deleteObject(services, caller, request.key, from.signal)
  })
  app.on(['GET', 'PUT', 'DELETE'], '/objects/*', async (c) => {
    const request = c.req.raw
    const path = pathBehind(c, '/objects/')
    setStoreId(c, path)
    const object = objectOf(c, path)
    if (c.req.query('signature') !== undefined) return serveSigned(services, urlSecret, object)
    const caller = await identify(services, c)
    if (request.method === 'PUT') return writeObject(services, caller, object)
    if (request.method === 'DELETE') return deleteObject(services, caller, path, request.signal)
    return readObject(services, caller, object)
  })
}
