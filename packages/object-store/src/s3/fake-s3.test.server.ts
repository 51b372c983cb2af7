/** As much of an S3 as the tests need of vendors that cannot run here: what it checks is the caller's choice. */
import { sha256, toBase64, toHex } from '@rockpool/protocol'
import { serveFetch, type Serving } from '../testing/serve-fetch.ts'

export interface FakeVendor {
  /** compares bodies with `x-amz-checksum-sha256`, and keeps it */
  readonly checksum?: boolean
  /** compares bodies with `x-amz-content-sha256` */
  readonly payload?: boolean
  /** not for parts */
  readonly exceptParts?: boolean
  /** obeys `x-amz-copy-source` though nobody signed it, in these uploads; in others, as AWS does, it refuses it */
  readonly copies?: 'puts' | 'parts'
  /** answers everything itself, when it returns something */
  readonly instead?: (request: Request) => Response | undefined | Promise<Response>
  /** of the server's clock, ms */
  readonly clockOffset?: number
}

export const serveFakeS3 = (vendor: FakeVendor): Promise<Serving> => {
  const checksums = new Map<string, string>()
  const lengths = new Map<string, number>()
  return serveFetch(async (request) => {
    const date = { date: new Date(Date.now() + (vendor.clockOffset ?? 0)).toUTCString() }
    const answer = (body: string | null, status = 200, headers = {}) =>
      new Response(body, { status, headers: { ...date, ...headers } })
    const instead = await vendor.instead?.(request)
    if (instead) return instead
    const url = new URL(request.url)
    const bytes = await request.bytes()
    if (request.method === 'POST') {
      return answer('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
    }
    if (request.method === 'PUT') {
      const digest = await sha256(bytes)
      const part = url.searchParams.has('partNumber')
      const enforced = !(part && vendor.exceptParts)
      const checksum = request.headers.get('x-amz-checksum-sha256')
      const payload = request.headers.get('x-amz-content-sha256')
      const wrong =
        (vendor.checksum && checksum !== null && checksum !== toBase64(digest)) ||
        (vendor.payload && payload !== null && payload !== toHex(digest))
      if (enforced && wrong) return answer('<Error><Code>BadDigest</Code></Error>', 400)
      if (vendor.checksum && checksum !== null) checksums.set(url.pathname, checksum)
      const source = request.headers.get('x-amz-copy-source')
      if (source !== null && vendor.copies !== (part ? 'parts' : 'puts')) return answer(null, 403)
      lengths.set(url.pathname, source === null ? bytes.length : lengths.get(`/${source}`)!)
      return answer(null, 200, { etag: '"e"' })
    }
    if (url.searchParams.has('uploadId') && request.method === 'GET') {
      const part = `<Part><PartNumber>1</PartNumber><Size>${lengths.get(url.pathname)}</Size></Part>`
      return answer(`<ListPartsResult>${part}</ListPartsResult>`)
    }
    const kept = checksums.get(url.pathname)
    return answer(null, request.method === 'DELETE' ? 204 : 200, {
      'content-length': String(lengths.get(url.pathname) ?? 3),
      ...(kept === undefined ? {} : { 'x-amz-checksum-sha256': kept }),
    })
  })
}
