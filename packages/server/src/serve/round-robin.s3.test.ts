import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchSigner } from '@rockpool/core/signer'
import { addressOfDigests, hashContent, PART_SIZE, partRange, type RemoteKey, toBase64 } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOKEN_SECRET, tokenOf as token } from '../testing/client.ts'
import { bytesOf } from '../testing/content.ts'
import { endAll, runServer, type ServerProcess } from '../testing/process.ts'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'

const folder = await mkdtemp(join(tmpdir(), 'rockpool-three-'))
let processes: ServerProcess[]
let origins: string[]
beforeAll(async () => {
  const env = {
    ...environmentOfBucket(await createdBucket('server')),
    ROCKPOOL_STORE: 's3',
    ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
    ROCKPOOL_CONFIRM_UPLOADS: 'true',
    PORT: '0',
  }
  processes = [1, 2, 3].map((index) =>
    runServer(['serve'], { env: { ...env, ROCKPOOL_DATA_DIR: join(folder, String(index)) } }),
  )
  origins = await Promise.all(processes.map(async ({ url }) => `${await url}/signer`))
}, 60_000)
afterAll(async () => {
  await endAll()
  await rm(folder, { recursive: true })
})

/** Sends bytes to a presigned request. */
const send = (
  signed: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  body: Uint8Array<ArrayBuffer>,
) => fetch(signed.url, { method: 'PUT', body, headers: signed.headers })

/** Each call goes to the next signer. */
const roundRobin = () => {
  let turn = 0
  const rotating: typeof fetch = (input, init) =>
    fetch(String(input).replace('http://signer', origins[turn++ % origins.length]!), init)
  return fetchSigner({ url: 'http://signer', token: () => token({ reef: ['read', 'write'] }), fetch: rotating })
}

test('an upload in parts, each call at another signer, completed by all at once', async () => {
  const signer = roundRobin()
  const bytes = bytesOf(4 * PART_SIZE + 99, 5)
  const { address, digests, size } = await hashContent([bytes])
  expect(await addressOfDigests(digests)).toBe(address)
  const content = { key: `reef/files/${address}` as RemoteKey, size, digests: toBase64(digests) }
  const begun = await signer.startMultipart({ ...content, type: 'video/mp4' })
  if (!('uploadId' in begun)) throw new Error('It cannot be there yet.')
  const { uploadId } = begun
  for (const number of [1, 2, 3, 4, 5]) {
    const { parts } = await signer.signParts({ ...content, uploadId, numbers: [number] })
    const { start, end } = partRange(size, number)
    expect((await send(parts[0]!, bytes.slice(start, end))).status).toBe(200)
    const resumed = await signer.startMultipart({ ...content, type: 'video/mp4', uploadId })
    expect(resumed).toMatchObject({ uploadId, uploaded: Array.from({ length: number }, (_, i) => i + 1) })
  }
  const answers = await Promise.all(Array.from({ length: 6 }, () => signer.completeMultipart({ ...content, uploadId })))
  expect(new Set(answers.map(({ etag }) => etag)).size).toBe(1)
  const { url, partsUrl } = await signer.downloadUrl({ key: content.key, check: true })
  expect(Buffer.compare(new Uint8Array(await (await fetch(url)).arrayBuffer()), bytes)).toBe(0)
  expect(Buffer.compare(new Uint8Array(await (await fetch(partsUrl!)).arrayBuffer()), digests)).toBe(0)
})

test('a single PUT to S3, signed by one, confirmed at the next: that one logs the object, once', async () => {
  const signer = roundRobin()
  const bytes = bytesOf(1_000, 7)
  const { address, size } = await hashContent([bytes])
  const request = { key: `reef/files/${address}` as RemoteKey, size, type: 'image/png' }
  const answer = await signer.uploadUrl(request)
  if (!('url' in answer)) throw new Error('It cannot be there yet.')
  expect(answer.confirm).toBe(true)
  expect((await send(answer, bytes)).status).toBe(200)
  expect(await signer.uploadUrl({ ...request, sent: true })).toMatchObject({ status: 'stored', durable: true })
  const created = (line: string) => line.includes('object.created') && line.includes(request.key)
  await expect.poll(() => processes.map(({ lines }) => lines.filter(created).length)).toEqual([0, 1, 0])
})

test('one signer is killed in the midst: the others go on where it was, and end when told', async () => {
  const bytes = bytesOf(PART_SIZE + 7, 6)
  const { address, digests, size } = await hashContent([bytes])
  const content = { key: `reef/files/${address}` as RemoteKey, size, digests: toBase64(digests) }
  const at = (origin: string) => fetchSigner({ url: origin, token: () => token({ reef: ['read', 'write'] }) })
  const [first, second, third] = origins.map(at)
  const begun = await first!.startMultipart({ ...content, type: 'video/mp4' })
  if (!('uploadId' in begun)) throw new Error('It cannot be there yet.')
  const { uploadId } = begun
  processes[0]!.child.kill('SIGKILL')
  await processes[0]!.ended
  const { parts } = await second!.signParts({ ...content, uploadId, numbers: [1, 2] })
  expect((await send(parts[0]!, bytes.slice(0, PART_SIZE))).status).toBe(200)
  expect((await send(parts[1]!, bytes.slice(PART_SIZE))).status).toBe(200)
  expect(await third!.completeMultipart({ ...content, uploadId })).toMatchObject({ durable: true })
  expect(await second!.completeMultipart({ ...content, uploadId })).toMatchObject({ durable: true })

  for (const signer of processes.slice(1)) {
    signer.child.kill('SIGTERM')
    expect((await signer.ended).code).toBe(0)
  }
})
