/** The way of one tab to the signer and the object store, with its delays and faults. */
import { aborted, RockpoolError } from '@rockpool/protocol'
import { type Send, sendByFetch } from '../engine/transfers/http.ts'
import type { Platform } from '../platform/platform.ts'
import type { Signer } from '../ports/signer.ts'
import { simulatedHashing } from './hashing.ts'
import type { Connection } from './machine.ts'
import type { Process } from './scheduler.ts'
import type { World } from './world.ts'

/** Who sends requests: a tab or a service worker of a device. */
export interface Sender {
  readonly process: Process
  readonly device: { readonly name: string; readonly connection: Connection }
  readonly platform: Pick<Platform, 'clock' | 'page'>
}

export interface Network {
  readonly signer: Signer
  /** object storage: responses arrive in pieces */
  readonly fetch: typeof fetch
  readonly send: Send
  /** signer and sync server: responses arrive whole */
  readonly serverFetch: typeof fetch
}

export const makeNetwork = (world: World, { process, device, platform }: Sender): Network => {
  const { storage, random } = world
  const { connection } = device
  const usual = () => world.settings.networkDelay

  /** One request and its response. The effect takes place, or not, whatever the caller hears of it. */
  const travel = async <A>(
    name: string,
    signal: AbortSignal | null | undefined,
    arrive: () => Promise<A>,
  ): Promise<A> => {
    const { settings } = world
    await abortable(world.pause(process, name, usual()), signal)
    if (!connection.isUp || random.chance(settings.lostRequests)) return lost(world, 'request')
    if (random.chance(settings.stalls)) {
      world.count('stalled request')
      await abortable(new Promise(() => {}), signal)
    }
    const result = await arrive()
    await abortable(world.pause(process, `${name} responds`, usual()), signal)
    if (!connection.isUp || random.chance(settings.lostResponses)) return lost(world, 'response')
    return result
  }

  const call =
    <Request, Response>(name: string, method: (request: Request, signal?: AbortSignal) => Promise<Response>) =>
    async (request: Request, signal?: AbortSignal): Promise<Response> => {
      try {
        return await travel(`signer ${name}`, signal, async () => {
          if (random.chance(world.settings.unavailable)) {
            world.count('signer unavailable')
            throw new RockpoolError('storage_unavailable', 'The simulated signer is overloaded.')
          }
          return method(request)
        })
      } catch (cause) {
        if (signal?.aborted) throw aborted(signal)
        throw cause instanceof TypeError
          ? new RockpoolError('offline', 'The signer cannot be reached.', { cause })
          : cause
      }
    }

  let uploading = 0
  const objectFetch: typeof fetch = async (input, init) => {
    const method = init?.method ?? 'GET'
    connection.inFlight++
    if (method === 'PUT' && ++uploading > MAX_CONNECTIONS) world.fail(`${process.name} has ${uploading} PUTs under way`)
    try {
      const response = await travel(`${method} object`, init?.signal, () => {
        if (random.chance(world.settings.unavailable)) {
          world.count('object store unavailable')
          return Promise.resolve(new Response('slow down', { status: 503 }))
        }
        if (method === 'PUT' && random.chance(world.settings.falseSuccess)) {
          world.count('false success')
          return Promise.resolve(new Response('Please sign in to this network.', { status: 200 }))
        }
        // The request arrives whole, whatever becomes of its sender.
        return storage.fetch(input, { ...init, signal: null })
      })
      return method === 'GET' && response.ok ? onTheWay(world, process, response, init?.signal) : response
    } finally {
      connection.inFlight--
      if (method === 'PUT') uploading--
    }
  }
  const serverFetch: typeof fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    return travel(`${init?.method ?? 'GET'} ${pathname}`, init?.signal, async () => {
      if (random.chance(world.settings.unavailable)) {
        world.count('server unavailable')
        return new Response('slow down', { status: 503 })
      }
      return storage.fetch(input, { ...init, signal: null })
    })
  }
  const { signer } = storage
  return {
    signer:
      typeof signer === 'function' ? signer(device.name, { fetch: serverFetch, platform }) : overNetwork(signer, call),
    fetch: objectFetch,
    send: sendByFetch(objectFetch),
    serverFetch,
  }
}

type Call = <Request, Response>(
  name: string,
  method: (request: Request, signal?: AbortSignal) => Promise<Response>,
) => (request: Request, signal?: AbortSignal) => Promise<Response>

const overNetwork = (signer: Signer, call: Call): Signer =>
  ({
    ...signer,
    ...Object.fromEntries(
      Object.entries(signer)
        .filter(([, method]) => typeof method === 'function')
        .map(([name, method]) => [name, call(name, method as never)]),
    ),
  }) as Signer

/** Browsers open 6 connections to an origin over HTTP/1.1. */
const MAX_CONNECTIONS = 6

/** ms between two pieces of a slow body, usually: a part takes longer than the 5 s after which the engine saves what has arrived. */
const SLOW_PIECE = 2_000

/** A body that arrives piece by piece, ends early now and then, or has other bytes. */
const onTheWay = (
  world: World,
  process: Process,
  response: Response,
  signal: AbortSignal | null | undefined,
): Response => {
  const { random, settings } = world
  // Without a further draw in worlds that have no slow bodies: the seeds that found defects before there were any go on finding them.
  const fast = { isTruncated: random.chance(settings.truncated), isWrong: random.chance(settings.wrongBytes) }
  const isSlow = settings.slowBodies > 0 && random.chance(settings.slowBodies)
  // A slow body is cut or wrong more often: what has arrived of it is kept as fragments.
  const isTruncated = fast.isTruncated || (isSlow && random.chance(0.5))
  const isWrong = fast.isWrong || (isSlow && random.chance(0.3))
  if (isSlow) world.count('slow body')
  const reader = response.body?.getReader()
  const { partSize } = simulatedHashing
  let left = new Uint8Array(0)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (left.length === 0) left = (await reader?.read())?.value ?? left
        const isOver = left.length === 0
        // Pieces that end anywhere in a part, or all of it in two.
        const ends = isSlow ? [random.int(1, partSize)] : [left.length >> 1, left.length]
        await abortable(world.pause(process, 'body', isSlow ? SLOW_PIECE : settings.networkDelay / 4), signal)
        if (isTruncated && random.chance(0.5)) {
          world.count('truncated body')
          if (random.chance(0.5)) controller.close()
          else controller.error(new TypeError('network error'))
          return
        }
        if (isOver) return controller.close()
        if (isWrong) world.count('wrong bytes')
        const bytes = isWrong ? left.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) : left
        for (const [i, end] of ends.entries()) {
          const piece = bytes.slice(ends[i - 1] ?? 0, end)
          if (piece.length > 0) controller.enqueue(piece)
        }
        left = left.slice(ends.at(-1))
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { status: response.status, headers: response.headers })
}

/** As fetch: rejects with the signal's reason when that comes first. */
const abortable = <A>(promise: Promise<A>, signal: AbortSignal | null | undefined): Promise<A> => {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const lost = (world: World, what: string): never => {
  world.count(`lost ${what}`)
  throw new TypeError('Failed to fetch')
}
