/** A real S3 that differs in one respect: a proxy before it that answers some requests itself, or other than S3 did. */
import { request as forwarded } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { serveFetch, type Serving } from '@rockpool/object-store/testing'

export interface Call {
  readonly method: string
  /** of path style, without the S3 bucket */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
  /** whether it is presigned; the SDK's own calls are not */
  readonly presigned: boolean
}

/** @param truth asks the S3; may be left alone */
export type Lie = (call: Call, truth: () => Promise<Response>) => Promise<Response>

/** @param endpoint of the S3, reached by path style. Requests arrive there with the Host header that they were signed with */
export const serveLyingVendor = (endpoint: string, lie: Lie): Promise<Serving> =>
  serveFetch(async (request) => {
    const url = new URL(request.url)
    const body = await request.bytes()
    const call: Call = {
      method: request.method,
      key: decodeURIComponent(url.pathname).split('/').slice(2).join('/'),
      query: url.searchParams,
      headers: request.headers,
      body,
      presigned: url.searchParams.has('X-Amz-Signature'),
    }
    return lie(call, () => ask(endpoint, `${url.pathname}${url.search}`, request, body))
  })

const ask = (endpoint: string, path: string, { method, headers }: Request, body: Uint8Array): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(endpoint)
    const options = { hostname, port, method, path, headers: Object.fromEntries(headers), agent: false }
    const onward = forwarded(options, (answer) => {
      buffer(answer).then((bytes) => {
        const status = answer.statusCode!
        const told = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
        const empty = method === 'HEAD' || status === 204 || status === 304
        resolve(new Response(empty ? null : bytes, { status, headers: told }))
      }, reject)
    })
    onward.on('error', reject)
    onward.end(body)
  })

/** An error answer in S3's words. */
export const s3Error = (status: number, code: string, message = code): Response =>
  new Response(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`, {
    status,
    headers: { 'content-type': 'application/xml' },
  })
