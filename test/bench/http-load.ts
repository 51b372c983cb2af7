/** Load on a server over HTTP, as browsers and the engine make it, and the figures of a run. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { fetchSigner } from '@rockpool/core/signer'
import { hashContent, PART_SIZE, partRange, type RemoteKey, toBase64 } from '@rockpool/protocol'

export const MB = 1e6

export interface Target {
  readonly port: number
  /** path and query */
  readonly path: string
  readonly token: string
}

/** Sends GETs over one keep-alive connection, each when the one before is answered, until `isOver`. @returns status and ms of each */
const exchange = async ({ port, path, token }: Target, isOver: () => boolean) => {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`
  const responses: { readonly status: number; readonly ms: number }[] = []
  const socket = connect(port, '127.0.0.1')
  let pending = ''
  let sent = 0
  const send = () => {
    sent = performance.now()
    socket.write(request)
  }
  socket.on('data', (data) => {
    pending += data
    const head = pending.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(pending)?.[1])
    if (pending.length < head + 4 + length) return
    responses.push({ status: Number(pending.slice(9, 12)), ms: performance.now() - sent })
    const isClosing = /connection: close/i.test(pending.slice(0, head))
    pending = ''
    if (isOver() || isClosing) socket.end()
    else send()
  })
  send()
  await once(socket, 'close')
  return responses
}

/** Requests a second over keep-alive connections that each ask again as soon as they are answered. @throws on any other status than 200 */
export const requestsPerSecond = async (target: Target, seconds: number, connections = 16): Promise<number> => {
  const end = performance.now() + seconds * 1000
  const all = await Promise.all(
    Array.from({ length: connections }, () => exchange(target, () => performance.now() >= end)),
  )
  const statuses = new Set(all.flat().map(({ status }) => status))
  if (statuses.size !== 1 || !statuses.has(200)) throw new Error(`Responses with ${[...statuses].join(', ')}.`)
  return Math.round(all.flat().length / seconds)
}

/** Half of the responses to one client, who asks one after another, came within this time (ms). */
export const p50 = async (target: Target, requests: number): Promise<number> => {
  let count = 0
  const responses = await exchange(target, () => ++count >= requests)
  return median(responses.map(({ ms }) => ms))
}

/** Asks without end on many connections, whatever the responses are. @returns ends it */
export const flood = (target: Target, connections: number): (() => Promise<void>) => {
  let isOver = false
  const lane = async () => {
    while (!isOver) await exchange(target, () => isOver)
  }
  const lanes = Array.from({ length: connections }, lane)
  return async () => {
    isOver = true
    await Promise.all(lanes)
  }
}

export const bytesOf = (size: number, seed: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  const words = new Uint32Array(bytes.buffer, 0, size >> 2)
  let state = seed
  for (let i = 0; i < words.length; i++) words[i] = state = Math.imul(state, 1_664_525) + 1_013_904_223
  return bytes
}

/** As the engine does: four parts at a time. A bare server gets the same. */
const inLanes = async (count: number, sendPart: (number: number) => Promise<void>) => {
  let next = 1
  const lane = async () => {
    while (next <= count) await sendPart(next++)
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}

type Signer = ReturnType<typeof fetchSigner>

/** Uploads in parts. @returns the key, and the time without hashing */
export const upload = async (signer: Signer, bytes: Uint8Array<ArrayBuffer>) => {
  const { address, digests, size } = await hashContent([bytes])
  const content = { key: `bench/files/${address}` as RemoteKey, size, digests: toBase64(digests) }
  const start = performance.now()
  const begun = await signer.startMultipart({ ...content, type: 'video/mp4' })
  if (!('uploadId' in begun)) throw new Error('It is there already.')
  const { uploadId } = begun
  const numbers = Array.from({ length: digests.length / 32 }, (_, i) => i + 1)
  const { parts } = await signer.signParts({ ...content, uploadId, numbers })
  await inLanes(numbers.length, async (number) => {
    const { start, end } = partRange(size, number)
    const { url, headers } = parts[number - 1]!
    const response = await fetch(url, { method: 'PUT', headers, body: bytes.subarray(start, end) })
    if (response.status !== 200) throw new Error(await response.text())
  })
  await signer.completeMultipart({ ...content, uploadId })
  return { key: content.key, ms: performance.now() - start }
}

/** @param url of a bare file server */
export const bareUpload = async (url: string, bytes: Uint8Array<ArrayBuffer>): Promise<number> => {
  const start = performance.now()
  await inLanes(Math.ceil(bytes.length / PART_SIZE), async (number) => {
    const { start, end } = partRange(bytes.length, number)
    await fetch(`${url}/${number}`, { method: 'PUT', body: bytes.subarray(start, end) })
  })
  return performance.now() - start
}

export const download = async (url: string): Promise<number> => {
  const start = performance.now()
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(await response.text())
  for await (const _ of response.body!);
  return performance.now() - start
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
export const ratio = (value: number): string => value.toFixed(2)

/** Memory of a process on Linux, in MiB. */
export const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
