import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileUrlPath } from '@rockpool/protocol'
import type { Plugin, ResolvedConfig } from 'vite'
import { basePath } from './base-path.ts'

/**
 * Responds 404 to file URLs. Chromium sends links with `download`, synchronous XMLHttpRequests and pages that were loaded by shift-reload past
 * the service worker (https://crbug.com/40410035): Vite would respond with the app's page, which is then saved as the photo.
 */
export const fileUrls = (): Plugin => ({
  name: 'rockpool:file-urls',
  configureServer: ({ middlewares, config }) => void middlewares.use(refuseFileUrls(config)),
  configurePreviewServer: ({ middlewares, config }) => void middlewares.use(refuseFileUrls(config)),
})

const MESSAGE =
  'This request passed by the service worker. Reload the page; to save a file, use its URL with ?download, without the attribute "download".'

const refuseFileUrls = (config: Pick<ResolvedConfig, 'base'>) => {
  const path = fileUrlPath(basePath(config))
  return ({ url }: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (!url?.startsWith(path)) return next()
    response.writeHead(404, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify({ error: { code: 'not_found', message: MESSAGE } }))
  }
}
