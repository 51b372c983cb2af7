import type { IncomingMessage, ServerResponse } from 'node:http'
import { FILE_URL_BASE } from '@rockpool/protocol'
import type { Plugin } from 'vite'

/**
 * Responds 404 to file URLs. Chromium sends links with `download`, synchronous XMLHttpRequests and pages that were loaded by shift-reload past
 * the service worker (https://crbug.com/40410035): Vite would respond with the app's page, which is then saved as the photo.
 */
export const fileUrls = (): Plugin => ({
  name: 'rockpool:file-urls',
  configureServer: ({ middlewares }) => void middlewares.use(refuseFileUrls),
  configurePreviewServer: ({ middlewares }) => void middlewares.use(refuseFileUrls),
})

const MESSAGE =
  'This request passed by the service worker. Reload the page; to save a file, use its URL with ?download, without the attribute "download".'

const refuseFileUrls = ({ url }: IncomingMessage, response: ServerResponse, next: () => void): void => {
  if (!url?.startsWith(FILE_URL_BASE)) return next()
  response.writeHead(404, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify({ error: { code: 'not_found', message: MESSAGE } }))
}
