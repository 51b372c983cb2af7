/** Uploads of content of several parts. */
import * as schema from '@rockpool/protocol/schema'
import { parseRequest } from '../identify.ts'
import { abortMultipart, completeMultipart, signParts, startMultipart } from '../multipart.ts'
import { respond } from '../respond.ts'
import type { AddRoutes } from './routes.ts'

export const addMultipartRoutes: AddRoutes = (app, services, { complete }) => {
  app.post('/multipart', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, services.requests.MultipartRequest)
    return respond(c, await startMultipart(services, caller, request, from.signal))
  })
  app.post('/multipart/parts', async (c) => {
    const { caller, request } = await parseRequest(services, c, services.requests.MultipartPartsRequest)
    const signed = await signParts(services, caller, request)
    return respond(c, 'parts' in signed ? { ...signed, parts: signed.parts.map(complete(c)) } : signed)
  })
  app.post('/multipart/complete', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, services.requests.MultipartCompleteRequest)
    return respond(c, await completeMultipart(services, caller, request, from.signal))
  })
  app.post('/multipart/abort', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, schema.MultipartAbortRequest)
    await abortMultipart(services, caller, request, from.signal)
    return c.body(null, 204)
  })
}
