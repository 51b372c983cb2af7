/** The gateway contract of livestore-filesync, for its clients. */
import { serveForm, uploadForm } from '../gateway.ts'
import { discardFile, keepFile, signFile, SignKeyRequest, signRead, SignUploadRequest } from '../gateway-urls.ts'
import { identify, parseRequest } from '../identify.ts'
import { objectOf, pathBehind, type RequestContext, setStoreId } from '../request-context.ts'
import { respond } from '../respond.ts'
import type { AddRoutes } from './routes.ts'

export const addGatewayRoutes: AddRoutes = (app, services, origins, { publicBaseUrl }) => {
  const gatewayUrl = (c: RequestContext) => `${publicBaseUrl || origins.of(c)}/gateway`
  app.get('/gateway/health', (c) => respond(c, { ok: true }))
  app.post('/gateway/v1/sign/upload', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, SignUploadRequest)
    return respond(c, origins.complete(c)(await signFile(services, caller, request, from, gatewayUrl(c))))
  })
  app.post('/gateway/v1/sign/download', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, SignKeyRequest)
    return respond(c, origins.complete(c)(await signRead(services, caller, request, from)))
  })
  app.post('/gateway/v1/delete', async (c) => {
    const { caller, request } = await parseRequest(services, c, SignKeyRequest)
    await keepFile(services, caller, request)
    return c.body(null, 204)
  })
  app.put('/gateway/stored/*', async (c) => {
    const path = pathBehind(c, '/gateway/stored/')
    setStoreId(c, path)
    const caller = await identify(services, c)
    await discardFile(services, caller, path, c.req.raw)
    return c.body(null, 200)
  })
  app.post('/gateway/upload', async (c) => {
    const caller = await identify(services, c)
    const key = await uploadForm(services, caller, c.req.raw)
    setStoreId(c, key)
    return respond(c, { url: `${gatewayUrl(c)}/files/${key}` })
  })
  app.on(['GET', 'DELETE'], '/gateway/files/*', async (c) => {
    const path = pathBehind(c, '/gateway/files/')
    setStoreId(c, path)
    const caller = await identify(services, c)
    return serveForm(services, caller, objectOf(c, path))
  })
}
