/** Signed URLs of content of one part, one at a time or in batches, and of public content. */
import * as schema from '@rockpool/protocol/schema'
import { runBatch } from '../batches.ts'
import { decode } from '../body.ts'
import { downloadUrl, publicUrl } from '../downloads.ts'
import { parseRequest } from '../identify.ts'
import { pathBehind, setStoreId } from '../request-context.ts'
import { respond } from '../respond.ts'
import { uploadUrl } from '../uploads.ts'
import type { AddRoutes } from './routes.ts'

export const addUrlRoutes: AddRoutes = (app, services, { complete }) => {
  app.get('/download-url', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, schema.DownloadUrlQuery, true)
    return respond(c, complete(c)(await downloadUrl(services, caller, request, from)))
  })
  app.post('/download-urls', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, schema.DownloadUrlsEnvelope)
    services.access.countItems(caller, request.keys.length)
    const items = await runBatch(request.keys, async (key) =>
      complete(c)(await downloadUrl(services, caller, decode(schema.DownloadUrlRequest, { key }), from)),
    )
    return respond(c, { items })
  })
  app.post('/upload-url', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, services.requests.UploadUrlRequest)
    return respond(c, complete(c)(await uploadUrl(services, caller, request, from.signal)))
  })
  app.post('/upload-urls', async (c) => {
    const { caller, request, from } = await parseRequest(services, c, schema.UploadUrlsEnvelope)
    services.access.countItems(caller, request.items.length)
    const items = await runBatch(request.items, async (item) =>
      complete(c)(await uploadUrl(services, caller, decode(services.requests.UploadUrlRequest, item), from.signal)),
    )
    return respond(c, { items })
  })

  app.get('/public/*', async (c) => {
    const text = pathBehind(c, '/public/')
    const type = c.req.query('type')
    const request = decode(schema.DownloadUrlRequest, { key: text, ...(type !== undefined && { type }) })
    setStoreId(c, text)
    const { url } = await publicUrl(services, request.key, request.type, c.env?.address ?? '')
    c.header('cache-control', 'no-store')
    return c.redirect(complete(c)({ url }).url, 302)
  })
}
