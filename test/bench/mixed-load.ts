/** What the users of one server do at the same time: each lane repeats one kind of call, one after the other. */
import { setTimeout as pause } from 'node:timers/promises'
import { PART_SIZE } from '@rockpool/protocol'
import { connectLive } from '../../packages/sync-server/src/testing/live-client.ts'
import { addressOf, createClient } from '../../packages/server/src/testing/client.ts'
import { bytesOf } from './http-load.ts'

export interface MixedLoad {
  /** turns of each lane so far */
  readonly turns: Readonly<Record<string, number>>
  /** @throws what a lane threw */
  stop(): Promise<void>
}

const STORE = 'bench'
/** Between two turns of a lane: the server is busy, not flooded. */
const PAUSE_MS = 20
/** Live files of a lane: older ones are deleted, so that only the log grows. */
const MAX_FILES = 50

/** @param token may do everything in the store `bench` */
export const startMixedLoad = (url: string, token: string): MixedLoad => {
  const stopping = new AbortController()
  const { signal } = stopping
  const client = createClient(() => url, STORE, token)
  let seed = 0

  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) }
    const response = await fetch(`${url}${path}`, { ...init, headers })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const read = async (path: string) => void (await (await call(path)).arrayBuffer())

  const sign = async () => {
    const key = `${STORE}/files/${addressOf(bytesOf(100, 1))}`
    await read(`/signer/download-url?key=${key}`)
  }
  const exchangeBytes = async () => {
    // Every tenth file has two parts.
    const size = seed % 10 === 0 ? PART_SIZE + 1_000 : 100_000
    await client.get(await client.put(bytesOf(size, 1_000_000 + seed++)))
  }

  const files: string[] = []
  const push = async () => {
    const [id, opId] = [crypto.randomUUID(), crypto.randomUUID()]
    const remoteKey = `${STORE}/files/${addressOf(Buffer.from(id))}`
    const file = { id, name: 'reef.png', type: 'image/png', size: 100, remoteKey, meta: '{}', at: Date.now() }
    await client.push('v2.FileAdded', { opId, ...file })
    files.push(id)
    if (files.length <= MAX_FILES) return
    const oldest = { id: files.shift(), opId: crypto.randomUUID(), at: Date.now() }
    await client.push('v2.FileDeleted', oldest)
  }

  let posted = 0
  const rest = async () => {
    const path = (n: number) => `/storage/v1/object/files/rest/${n % MAX_FILES}.png`
    const headers = { 'content-type': 'image/png' }
    await (await call(path(posted), { method: 'POST', headers, body: bytesOf(10_000, ++seed) })).arrayBuffer()
    await read(path(posted))
    await read('/storage/v1/objects?prefix=rest/')
    if (posted++ % 5 === 0) await (await call(path(posted - 1), { method: 'DELETE' })).arrayBuffer()
  }

  const readEvents = async () => {
    const leaving = new AbortController()
    const response = await call('/storage/v1/events', { signal: AbortSignal.any([leaving.signal, signal]) })
    let chunks = 0
    for await (const _ of response.body!) if (++chunks === 20) break
    leaving.abort()
  }
  const listen = async () => {
    const live = connectLive(`${url}/sync`, STORE, token)
    const close = () => live.close()
    signal.addEventListener('abort', close)
    for (let messages = 0; messages < 20 && !signal.aborted; messages++) await live.next()
    signal.removeEventListener('abort', close)
    live.close()
    await live.closed
  }

  const lanes = { sign, exchangeBytes, push, rest, readEvents, listen }
  const turns: Record<string, number> = {}
  const running = Object.entries(lanes).map(async ([name, turn]) => {
    while (!signal.aborted) {
      try {
        await turn()
      } catch (error) {
        if (!signal.aborted) throw new Error(`The lane ${name} failed.`, { cause: error })
      }
      turns[name] = (turns[name] ?? 0) + 1
      await pause(PAUSE_MS)
    }
  })
  const ended = Promise.all(running)
  // Its error is thrown by `stop`.
  ended.catch(() => {})
  return {
    turns,
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}
