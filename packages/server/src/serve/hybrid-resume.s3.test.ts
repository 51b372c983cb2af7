/** A hybrid signer whose upload to S3 is cut between two parts: the process resumes it, and says in between what is wrong. */
import { createServer, request as forward } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PART_SIZE, partCount, partRange } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOKEN_SECRET, tokenOf as token } from '../testing/client.ts'
import { type Content, contentOf } from '../testing/content.ts'
import { endAll, runServer } from '../testing/process.ts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'

/** A proxy before S3. `part1`: passes the first part of an upload only. `down`: refuses all. `up`: passes everything. */
const startProxy = async (endpoint: string) => {
  const { hostname, port } = new URL(endpoint)
  const partsSent: number[] = []
  const firstStored = Promise.withResolvers<void>()
  let state: 'part1' | 'down' | 'up' = 'part1'
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://s3')
    const number = pathname.includes('/tmp/') ? 0 : Number(searchParams.get('partNumber') ?? 0)
    if (state === 'down') return request.socket.destroy()
    // Held without a response, until the proxy goes down.
    if (state === 'part1' && number > 1) return
    if (number > 0 && request.method === 'PUT') partsSent.push(number)
    const { method, url: path, headers } = request
    const onward = forward({ hostname, port, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
      if (number === 1) response.on('finish', () => firstStored.resolve())
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    partsSent,
    firstStored: firstStored.promise,
    set: (next: 'down' | 'up') => {
      state = next
      if (next === 'down') server.closeAllConnections()
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

let folder: string
let proxy: Awaited<ReturnType<typeof startProxy>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-resume-'))
})
afterAll(async () => {
  await endAll()
  proxy?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Uploads in parts, as a client does. */
const upload = async (url: string, key: string, { bytes, size, digests }: Content) => {
  const headers = { authorization: `Bearer ${await token({ reef: ['read', 'write'] })}` }
  const call = async (path: string, body: object) => {
    const response = await fetch(`${url}/signer${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ key, ...body }),
    })
    expect(response.status).toBe(200)
    // oxlint-disable-next-line no-explicit-any -- of any shape
    return response.json() as any
  }
  const { uploadId } = await call('/multipart', { size, type: 'video/mp4', digests })
  const numbers = Array.from({ length: partCount(size) }, (_, i) => i + 1)
  const { parts } = await call('/multipart/parts', { size, uploadId, digests, numbers })
  for (const part of parts) {
    const { start, end } = partRange(size, part.number)
    const response = await fetch(part.url, { method: 'PUT', headers: part.headers, body: bytes.subarray(start, end) })
    expect(response.status).toBe(200)
  }
  return call('/multipart/complete', { size, uploadId, digests })
}

test(
  'resumes the upload of a part to S3 after an outage, and logs and shows the reason in between',
  {
    timeout: 180_000,
  },
  async () => {
    const s3 = await createdBucket('server')
    proxy = await startProxy(s3.endpoint)
    const signer = runServer(['serve'], {
      env: {
        ...environmentOfBucket({ ...s3, endpoint: proxy.endpoint }),
        ROCKPOOL_STORE: 'hybrid',
        ROCKPOOL_DATA_DIR: folder,
        ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
        PORT: '0',
      },
    })
    const url = await signer.url
    const content = await contentOf(2 * PART_SIZE + 1)
    const key = `reef/files/${content.address}`
    expect(await upload(url, key, content)).toMatchObject({ durable: false })
    await proxy.firstStored
    proxy.set('down')

    const failures = () => signer.lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'replication')
    await expect.poll(() => failures().some((line) => line.key === key), { timeout: 170_000 }).toBe(true)
    expect(failures().find((line) => line.key === key)).toMatchObject({ error: expect.stringContaining('S3') })
    const ready = async () => (await (await fetch(`${url}/ready`)).json()) as { readonly store: object }
    await expect.poll(ready, { timeout: 170_000 }).toMatchObject({
      ok: true,
      store: { degraded: true, error: expect.stringContaining('Replication to S3') },
    })

    proxy.set('up')
    await expect.poll(async () => (await ready()).store, { timeout: 170_000 }).toMatchObject({ pending: 0 })
    expect(proxy.partsSent.toSorted()).toEqual([1, 2, 3])
    signer.child.kill('SIGTERM')
    expect((await signer.ended).complaint).not.toContain('Error')
  },
)
