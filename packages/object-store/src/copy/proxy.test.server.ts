/** A proxy before an S3 that counts the parts of large objects going through it, and holds back those from a number on. */
import { createServer, request as forwarded, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PART_SIZE } from '@rockpool/protocol'

export interface PartProxy {
  readonly endpoint: string
  /** numbers of the parts, in the order in which they were asked for: sent to S3 (PUT), or read from there (GET) */
  readonly parts: number[]
  /** holds back parts from this number on; they get no answer. @returns when the first of them has come */
  hold(from: number): Promise<void>
  /** counts anew, and holds nothing back */
  reset(): void
  stop(): Promise<void>
}

export const startPartProxy = async (endpoint: string): Promise<PartProxy> => {
  const { hostname, port } = new URL(endpoint)
  const parts: number[] = []
  let holdFrom = Number.POSITIVE_INFINITY
  let held = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    const number = partOf(request)
    if (number !== undefined) parts.push(number)
    if (number !== undefined && number >= holdFrom) return held.resolve()
    const { method, url: path, headers } = request
    // With the Host header that was signed.
    const onward = forwarded({ hostname, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    // Who sends may be killed.
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    parts,
    hold: (from) => {
      holdFrom = from
      held = Promise.withResolvers()
      return held.promise
    },
    reset: () => {
      parts.length = 0
      holdFrom = Number.POSITIVE_INFINITY
    },
    stop: () => {
      server.closeAllConnections()
      return new Promise((settle) => server.close(() => settle()))
    },
  }
}

const partOf = ({ method, url, headers }: IncomingMessage): number | undefined => {
  const { pathname, searchParams } = new URL(url!, 'http://s3')
  // The probe at the start of a store, and digest lists.
  if (pathname.includes('/tmp/') || pathname.endsWith('.parts')) return undefined
  const number = searchParams.get('partNumber')
  if (method === 'PUT' && number !== null) return Number(number)
  const start = /^bytes=(\d+)-\d+$/.exec(headers.range ?? '')?.[1]
  return method === 'GET' && start !== undefined ? Number(start) / PART_SIZE + 1 : undefined
}
