/** Whatever a proxy makes of a response, a reader gets the right bytes or an error, over real HTTP. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type ByteRange, type ErrorCode, hashContent, type Hashing, isRockpoolError, sha256 } from '@rockpool/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { storedContent } from '../../testing/stored-content.ts'
import { download } from './download.ts'
import { downloadRange } from './download-range.ts'

const PART = 4_096
const hashing: Hashing = { partSize: PART, digest: sha256 }
/** Sizes of content in parts, and in one. */
const SIZES = [2 * PART + 100, 900]
const BOMB_BYTES = 64 * 2 ** 20
const BOMB = gzipSync(Buffer.alloc(BOMB_BYTES))

interface Response {
  readonly body: Buffer
  readonly encoding?: string
}

/** What a proxy makes of the body of a response, and how a download of it ends. */
const ALTERED: readonly {
  readonly what: string
  readonly alter: (body: Buffer) => Response
  readonly code: ErrorCode | undefined
}[] = [
  {
    what: 'a flipped byte',
    alter: (body) => ({ body: Buffer.from(body.map((byte, at) => (at === 50 ? byte ^ 1 : byte))) }),
    code: 'corrupt',
  },
  { what: 'a body that ends early', alter: (body) => ({ body: body.subarray(0, -10) }), code: 'offline' },
  {
    what: 'a body that goes on',
    alter: (body) => ({ body: Buffer.concat([body, Buffer.alloc(1_000)]) }),
    code: undefined,
  },
  { what: 'a sign-in page', alter: () => ({ body: Buffer.from('<html>Sign in</html>') }), code: 'offline' },
  { what: 'a body that becomes 64 MiB', alter: () => ({ body: BOMB, encoding: 'gzip' }), code: 'corrupt' },
]

/** An object store behind a proxy that alters the bodies of objects, but no digest lists. */
const behindProxy = async (size: number, alter: (body: Buffer) => Response) => {
  const bytes = crypto.getRandomValues(new Uint8Array(size))
  const { storage, address, remoteKey } = await storedContent(bytes, hashing)
  const { digests } = await hashContent([bytes], hashing)
  const proxy = createServer(async (request, response) => {
    const { range } = request.headers
    const url = decodeURIComponent(request.url!.slice(1))
    const answer = await storage.fetch(url, { headers: range === undefined ? {} : { range } })
    const content = Buffer.from(await answer.arrayBuffer())
    const { body, encoding }: Response = content.equals(digests) ? { body: content } : alter(content)
    response.writeHead(answer.status, {
      ...Object.fromEntries(answer.headers),
      'content-length': body.length,
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    })
    response.end(body)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(async () => {
    proxy.closeAllConnections()
    proxy.close()
    await once(proxy, 'close')
  })
  const { port } = proxy.address() as AddressInfo
  const fetchThrough: typeof fetch = (input, init) =>
    fetch(`http://127.0.0.1:${port}/${encodeURIComponent(String(input))}`, init)
  const blobs = memoryBlobStore({ hashing })
  return { bytes, address, remoteKey, blobs, ports: { blobs, signer: storage.signer, fetch: fetchThrough, hashing } }
}

/** The bytes until the end or an error, and how it ended. */
const readUntilEnd = async (start: () => Promise<ReadableStream<Uint8Array>>) => {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of await start()) chunks.push(chunk)
    return { bytes: Buffer.concat(chunks), code: undefined }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), code: isRockpoolError(error) ? error.code : String(error) }
  }
}

describe.each(SIZES)('content of %i bytes', (size) => {
  test.each(ALTERED)('read whole through $what', async ({ alter, code }) => {
    const { bytes, address, remoteKey, blobs, ports } = await behindProxy(size, alter)
    const read = await readUntilEnd(async () => (await download(ports, remoteKey, { expectedSize: size })).stream)
    expect(read.code).toBe(code)
    if (code === undefined) expect(read.bytes.equals(bytes)).toBe(true)
    for (const number of await blobs.parts(address)) {
      const part = Buffer.from(await (await blobs.openPart(address, number))!.arrayBuffer())
      expect(part.equals(bytes.subarray((number - 1) * PART, number * PART))).toBe(true)
    }
  })

  test.each(ALTERED)('a range through $what gives no byte that was not verified', async ({ alter, code }) => {
    const { bytes, remoteKey, ports } = await behindProxy(size, alter)
    const range: ByteRange = { start: 0, end: 100 }
    const options = { verify: 'always', keep: true, size } as const
    const read = await readUntilEnd(async () => (await downloadRange(ports, remoteKey, range, options))!.stream)
    expect(read.code).toBe(code)
    expect(read.bytes.equals(bytes.subarray(0, code === undefined ? 100 : 0))).toBe(true)
  })
})
