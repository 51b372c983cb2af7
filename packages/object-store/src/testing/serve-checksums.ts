/**
 * A proxy that makes of an S3 without SHA-256 checksums (Ceph 16) one with them, as AWS documents them and was measured
 * to have them: integrity mode `checksum` on a real S3.
 *
 * The proxy's own: `x-amz-checksum-sha256` of PutObject and UploadPart is compared with the body (`BadDigest`), answered,
 * and told by HeadObject and GetObject (`x-amz-checksum-mode`) and ListParts. An upload that was created with SHA256
 * wants it for each part, and again when it is completed; its object has the composite checksum `<base64>-<N>`.
 * CopyObject takes a whole object's along (of a composite, AWS computes one; here it has none). Headers `x-amz-…` that
 * nobody signed are refused before all (`AccessDenied`): one of them turns a put into a copy.
 *
 * The S3's: all else. Signatures, rights, `x-amz-content-sha256`, conditions, ranges, uploads, the bytes. A request goes
 * there as it was signed, with its Host header and path, and the S3 has to accept its head (`Expect: 100-continue`)
 * before the proxy reads its body and may refuse that. One body at a time is held for each connection.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompletedPart.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectCOPY.html for headers that must be signed
 * @see https://github.com/floci-io/floci/pull/3093 for the errors, measured on AWS
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request as forwarded, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { serveRequests, type Serving } from './serve-fetch.ts'

const CHECKSUM = 'x-amz-checksum-sha256'

/**
 * @param endpoint of an S3, which is reached by path style
 * @param options `takesUnsigned`: unlike AWS, takes headers that nobody signed, as Ceph does
 */
export const serveChecksums = (
  endpoint: string,
  { takesUnsigned = false }: { readonly takesUnsigned?: boolean } = {},
): Promise<Serving> => {
  const { hostname, port } = new URL(endpoint)
  /** by id: whether its parts have checksums */
  const uploads = new Map<string, boolean>()
  /** by place and etag: it does not matter then who was last of several writers */
  const checksums = new Map<string, string>()
  const checksumOf = (place: string, etag: string) => checksums.get(`${place} ${etag}`)
  const keep = (place: string, etag: string, checksum: string | undefined) => {
    if (checksum === undefined) checksums.delete(`${place} ${etag}`)
    else checksums.set(`${place} ${etag}`, checksum)
  }

  /** AWS's code, when it would refuse this body of a request whose head the S3 has accepted. */
  const refusalOf = ({ method, uploadId, told, copied }: Call, body: Buffer): string | undefined => {
    const wanted = uploads.get(uploadId)
    if (method === 'PUT' && copied === undefined) {
      if (wanted !== undefined && wanted !== (told !== undefined)) return 'InvalidRequest'
      return told === undefined || told === sha256(body).toString('base64') ? undefined : 'BadDigest'
    }
    if (method !== 'POST' || !wanted) return undefined
    const parts = partsOf(body.toString())
    if (parts.some(({ checksum }) => checksum === undefined)) return 'InvalidRequest'
    const known = parts.every(({ number, etag, checksum }) => checksumOf(`${uploadId} ${number}`, etag) === checksum)
    return known ? undefined : 'InvalidPart'
  }

  /** Notes what a good answer in XML says, and has it tell the checksums of parts. */
  const rewritten = (call: Call, body: Buffer, xml: string): string => {
    const { method, path, uploadId, copied } = call
    if (copied !== undefined) {
      const etag = bare(elementOf(xml, 'ETag')!)
      const checksum = checksumOf(copied, etag)
      keep(path, etag, checksum?.includes('-') ? undefined : checksum)
    } else if (call.creates) {
      uploads.set(elementOf(xml, 'UploadId')!, call.algorithm === 'SHA256')
    } else if (method === 'POST' && uploads.get(uploadId)) {
      const parts = partsOf(body.toString())
      // Of the finished object; Ceph does not answer it.
      const etag = createHash('md5').update(Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex'))))
      const composite = sha256(Buffer.concat(parts.map((part) => Buffer.from(part.checksum!, 'base64'))))
      keep(path, `${etag.digest('hex')}-${parts.length}`, `${composite.toString('base64')}-${parts.length}`)
    } else if (method === 'GET') {
      return xml.replaceAll(PART, (part) => {
        const [{ number, etag }] = partsOf(part) as [CompletedPart]
        const checksum = checksumOf(`${uploadId} ${number}`, etag)
        return checksum ? part.replace('</Part>', `<ChecksumSHA256>${checksum}</ChecksumSHA256></Part>`) : part
      })
    }
    return xml
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = callOf(request)
    if (call.unsigned && !takesUnsigned) return refuse(response, 403, 'AccessDenied')
    const hasBody = 'transfer-encoding' in request.headers || Number(request.headers['content-length'] ?? 0) > 0
    const headers = { ...request.headers, ...(hasBody ? { expect: '100-continue' } : {}) }
    const onward = forwarded({ hostname, port, method: call.method, path: request.url, headers, agent: false })
    response.on('close', () => onward.destroy())
    const answered = once(onward, 'response') as Promise<[IncomingMessage]>
    answered.catch(() => {})
    if (hasBody) onward.flushHeaders()
    const wantsBody =
      !hasBody || (await Promise.race([once(onward, 'continue').then(() => true), answered.then(() => false)]))
    const body = wantsBody ? Buffer.concat(await request.toArray()) : Buffer.alloc(0)
    const refusal = wantsBody ? refusalOf(call, body) : undefined
    if (refusal !== undefined) {
      onward.destroy()
      return refuse(response, 400, refusal)
    }
    if (wantsBody) onward.end(hasBody ? body : undefined)

    const [reply] = await answered
    const ok = reply.statusCode! < 300
    if (ok && call.answersXml) {
      const xml = rewritten(call, body, await text(reply))
      delete reply.headers['content-length']
      response.writeHead(reply.statusCode!, reply.headers).end(xml)
      return
    }
    const etag = bare(reply.headers.etag ?? '')
    if (ok && call.method === 'PUT') keep(call.place, etag, call.told)
    const checksum = ok && call.asksChecksum ? checksumOf(call.place, etag) : undefined
    response.writeHead(reply.statusCode!, { ...reply.headers, ...(checksum ? { [CHECKSUM]: checksum } : {}) })
    await pipeline(reply, response)
  }

  return serveRequests(answer)
}

const refuse = (response: ServerResponse, status: number, code: string): void => {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)
}

type Call = ReturnType<typeof callOf>

const callOf = (request: IncomingMessage) => {
  const { method } = request
  const headers = request.headers as Readonly<Record<string, string | undefined>>
  const { pathname, searchParams: query } = new URL(request.url!, 'http://s3')
  const path = decodeURIComponent(pathname)
  const uploadId = query.get('uploadId') ?? ''
  const source = headers['x-amz-copy-source']
  const creates = method === 'POST' && query.has('uploads')
  const signed =
    query.get('X-Amz-SignedHeaders') ?? /SignedHeaders=([^,]*)/.exec(headers.authorization ?? '')?.[1] ?? ''
  return {
    method,
    path,
    uploadId,
    /** of an object, or of a part */
    place: uploadId ? `${uploadId} ${query.get('partNumber')}` : path,
    /** CreateMultipartUpload */
    creates,
    algorithm: headers['x-amz-checksum-algorithm'],
    /** CopyObject: the path of its source */
    copied: source === undefined ? undefined : `/${decodeURIComponent(source)}`,
    told: headers[CHECKSUM],
    unsigned: Object.keys(headers).some((name) => name.startsWith('x-amz-') && !signed.split(';').includes(name)),
    asksChecksum: method === 'PUT' || (headers['x-amz-checksum-mode'] === 'ENABLED' && headers.range === undefined),
    answersXml: creates || source !== undefined || (uploadId !== '' && (method === 'POST' || method === 'GET')),
  }
}

interface CompletedPart {
  readonly number: number
  readonly etag: string
  readonly checksum: string | undefined
}

const PART = /<Part>.*?<\/Part>/gs

const partsOf = (xml: string): CompletedPart[] =>
  Array.from(xml.matchAll(PART), ([part]) => ({
    number: Number(elementOf(part, 'PartNumber')),
    etag: bare(elementOf(part, 'ETag') ?? ''),
    checksum: elementOf(part, 'ChecksumSHA256'),
  }))

const elementOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)?.[1]

/** Without quotes. */
const bare = (etag: string): string => etag.replaceAll(/"|&quot;/g, '')

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
