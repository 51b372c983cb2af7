/** Traces of the real process, at a collector. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { bytesOf } from '../testing/content.ts'
import { type OtlpReceiver, spansOf, startOtlpReceiver } from '../testing/otlp-receiver.ts'
import { endAll, runServer } from '../testing/process.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const PARENT = '00f067aa0ba902b7'

let folder: string
let receiver: OtlpReceiver
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-traces-'))
  receiver = await startOtlpReceiver()
})
afterEach(async () => {
  await receiver[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})
afterAll(endAll)

const serve = async (env: Readonly<Record<string, string>>) => {
  const server = runServer(['serve'], {
    env: { ROCKPOOL_DATA_DIR: join(folder, 'data'), ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0', ...env },
  })
  return { server, url: await server.url }
}

test('a request is a span of its caller’s trace, and the calls to the object store are its children', async () => {
  const { server, url } = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'reef' })
  const token = await tokenOf({ reef: ['read', 'write'] })
  const key = await createClient(() => url, 'reef', token).put(bytesOf(10, 1))
  const response = await fetch(`${url}/signer/download-url?key=${key}&check=1`, {
    headers: { authorization: `Bearer ${token}`, traceparent: `00-${TRACE}-${PARENT}-01` },
  })
  expect([response.status, response.headers.get('x-request-id')]).toEqual([200, TRACE])
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)

  expect(receiver.exports.map(({ path, contentType }) => [path, contentType])).toContainEqual([
    '/v1/traces',
    'application/x-protobuf',
  ])
  const spans = spansOf(receiver)
  const request = spans.find(({ parentId }) => parentId === PARENT)!
  expect(request).toMatchObject({
    service: 'reef',
    traceId: TRACE,
    name: 'GET /signer/download-url',
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/signer/download-url',
      'http.response.status_code': 200,
      'rockpool.store_id': 'reef',
      'rockpool.request_id': TRACE,
    },
    status: 0,
  })
  const children = spans.filter(({ parentId }) => parentId === request.spanId)
  expect(children).toMatchObject([{ traceId: TRACE, name: 'local head' }])
  const line = server.lines.map((each) => JSON.parse(each)).find(({ requestId }) => requestId === TRACE)
  expect(line).toMatchObject({ kind: 'request', traceId: TRACE })
})

test('a collector that is down is a line in the log, and the server serves and ends', async () => {
  const { server, url } = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
  expect((await fetch(`${url}/sync/reef/head`)).status).toBe(401)
  server.child.kill('SIGTERM')
  const { code, output } = await server.ended
  expect(code).toBe(0)
  expect(output).toMatch(/"kind":"tracing","error":"[^"]+"/)
})

test('a variable that it cannot obey stops the start in one line', async () => {
  const server = runServer(['serve'], {
    env: {
      ROCKPOOL_DATA_DIR: join(folder, 'data'),
      ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
      PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector',
    },
  })
  await server.url.catch(() => {})
  expect(await server.ended).toMatchObject({
    code: 1,
    complaint: expect.stringMatching(/^rockpool-server: OTEL_EXPORTER_OTLP_ENDPOINT is no URL\. Set [^\n]+\n$/),
  })
})
