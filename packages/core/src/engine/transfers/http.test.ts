/** What answers a PUT in place of the object store: sign-in pages, filters, proxies. XMLHttpRequest: test/e2e/upload-proof. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { sendByFetch } from './http.ts'

/** A server that answers PUTs with `status`; its sign-in page answers everything with 200. */
const startProxy = async (status: number) => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    request.resume()
    const headers =
      request.url === '/login' || status === 200 ? { 'content-type': 'text/html' } : { location: '/login' }
    response.writeHead(request.url === '/login' ? 200 : status, headers)
    response.end('<html>')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/object`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const put = (url: string) =>
  sendByFetch(fetch)(url, {}, new Blob(['reef']), { signal: new AbortController().signal, onProgress: () => {} })

test.each([301, 302, 303, 307, 308])('a redirect (%i) of a PUT is refused, and not followed', async (status) => {
  await using proxy = await startProxy(status)
  await expect(put(proxy.url)).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(proxy.requests).toEqual(['PUT /object'])
})

test('a page that answers 200 looks like a success, which is why the signer is asked', async () => {
  await using proxy = await startProxy(200)
  expect(await put(proxy.url)).toMatchObject({ status: 200, etag: null })
})
