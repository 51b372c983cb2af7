/** The way of one tab to the signer and the object store, with its delays and faults. */
import { RockpoolError } from '@rockpool/protocol'
import { aborted, type Send, sendByFetch } from '../engine/transfers/http.ts'
import type { Platform } from '../platform/platform.ts'
import type { Signer } from '../ports/signer.ts'
import type { Process } from './scheduler.ts'
import type { World } from './world.ts'

export interface Connection {
  /** false: without a network */
  isUp: boolean
  /** requests to the object store at this moment */
  inFlight: number
}

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

/** A body that arrives chunk by chunk, ends early now and then, or has other bytes. */
const onTheWay = (
  world: World,
  process: Process,
  response: Response,
  signal: AbortSignal | null | undefined,
): Response => {
  const { random, settings } = world
  const isTruncated = random.chance(settings.truncated)
  const isWrong = random.chance(settings.wrongBytes)
  const reader = response.body?.getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
        await abortable(world.pause(process, 'body', settings.networkDelay / 4), signal)
        if (isTruncated && random.chance(0.5)) {
          world.count('truncated body')
          if (random.chance(0.5)) controller.close()
          else controller.error(new TypeError('network error'))
          return
        }
        if (done) return controller.close()
        if (isWrong) world.count('wrong bytes')
        const bytes = isWrong ? value.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) : value
        // Two pieces, so that a part arrives in several.
        const half = bytes.length >> 1
        if (half > 0) controller.enqueue(bytes.slice(0, half))
        controller.enqueue(bytes.slice(half))
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
