/**
 * The service worker of each device: the real handler answers file URLs, whole, by HEAD and in ranges, on hit and miss. Nothing
 * that it serves may have another size than the file, or another hash unless it says that it is not verified.
 */
import { type FileRecord, fetchSigner, type Pool, put, type SessionRow } from '@rockpool/core'
import { memoryPage } from '@rockpool/core/memory'
import {
  contentOf,
  type Machine,
  makeNetwork,
  platformOf,
  type Process,
  type Servers,
  simulatedHashing,
  STORE_ID,
  USER,
  type World,
} from '@rockpool/core/simulation'
import { addressOfKey, type ContentAddress, equalBytes, hashContent } from '@rockpool/protocol'
import { contentDownloads } from '../../packages/service-worker/src/downloads.ts'
import { type HandlerPorts, handleFileRequest } from '../../packages/service-worker/src/handler.ts'
import { storeSessions } from '../../packages/service-worker/src/session-end.ts'
import { workerKeepAlive } from '../../packages/service-worker/src/keep-alive.ts'
import { SERVER } from './synced-log.ts'
import type { TokenOf } from './tokens.ts'

const APP = 'https://app.simulation'

/** How often the browser has ended the worker since the last request. */
const ENDED = 0.2

interface Worker {
  readonly process: Process
  readonly ports: HandlerPorts
}

export const fileUrlActions = (world: World, tokenOf: TokenOf): NonNullable<Servers['actions']> => {
  const { random } = world
  const workers = new Map<string, Worker>()

  const workerOf = (device: Machine): Worker => {
    const running = workers.get(device.name)
    if (running && !random.chance(ENDED)) return running
    if (running) running.process.isAlive = false
    const started = startWorker(world, device, tokenOf)
    workers.set(device.name, started)
    return started
  }

  const get = async (device: Machine, pool: Pool, file: FileRecord | undefined, init: RequestInit): Promise<void> => {
    if (!file) return
    const { ports, process } = workerOf(device)
    await signIn(device, process, tokenOf(device.name))
    // By its content, which stays, or by its id, which may have another content by the time of the response.
    const isFixed = random.chance(0.5)
    const url = `${APP}${pool.url(isFixed ? file : file.id)}`
    const response = await handleFileRequest(ports, new Request(url, init), () => {})
    const what = `${init.method ?? 'GET'}${init.headers ? ' of a range' : ''} of a file URL`
    world.count(`${what}: ${response.status}`)
    if (!response.ok) {
      const { error } = (await response.json()) as {
        readonly error: { readonly code: string; readonly message: string }
      }
      if (error.code === 'internal') world.fail(`${what} failed: ${error.message}`)
      return
    }
    if (isUnverified(response)) world.count('a range of a file URL that is not verified')
    const address = response.headers.get('etag')!.slice(1, -1) as ContentAddress
    if (isFixed && address !== addressOfKey(file.remoteKey)) world.fail(`${what} responds with another content`)
    const problem = await problemOf(response, address)
    if (problem !== undefined && !device.disk.flipped.has(address)) world.fail(`${what} ${problem}`)
  }

  return {
    'look at a file URL': (device, pool, file) => get(device, pool, file, {}),
    'ask for the head of a file URL': (device, pool, file) => get(device, pool, file, { method: 'HEAD' }),
    'look at a part of a file URL': (device, pool, file) => {
      const { size = 0 } = file ?? {}
      const range = someRange(random.int(0, size), random.int(0, size), random.int(0, 3))
      return get(device, pool, file, { headers: { range } })
    },
  }
}

/** Some are not satisfiable. */
const someRange = (start: number, length: number, form: number): string =>
  form === 0 ? `bytes=${start}-` : form === 1 ? `bytes=-${length}` : `bytes=${start}-${start + (length >> 1)}`

const startWorker = (world: World, device: Machine, tokenOf: TokenOf): Worker => {
  const process: Process = { name: `${device.name}.worker`, isAlive: true, isFrozen: false }
  const platform = platformOf(world, device, process, memoryPage())
  const { fetch, serverFetch } = makeNetwork(world, { process, device, platform })
  const signer = (session: SessionRow) =>
    fetchSigner({
      url: session.signerUrl,
      // The page gives a fresh one.
      token: async ({ fresh = false } = {}) => (fresh ? tokenOf(device.name, { fresh }) : session.token),
      fetch: serverFetch,
      platform,
    })
  // Tabs of several devices are in one process here, and name their channels by device.
  const openChannel = (name: string) => platform.openChannel(name.replace('rockpool:', `rockpool:${device.name}:`))
  const [blobs, index] = [device.disk.blobs(process), device.disk.index(process)]
  return {
    process,
    ports: {
      stores: { use: (storeId, work) => work({ storeId, blobs, index }) },
      sessions: storeSessions(),
      keepAlive: workerKeepAlive({ ping: async () => {}, platform }),
      downloads: contentDownloads({
        signer,
        fetch,
        platform: { ...platform, openChannel },
        ranges: { verify: world.random.pick(['parts', 'always']), fill: world.random.pick(['seen', 'all', 'none']) },
      }),
    },
  }
}

/** As a page does when it opens. */
const signIn = async (device: Machine, process: Process, token: string): Promise<void> => {
  const index = device.disk.index(process)
  if (await index.get('session', 'session')) return
  const row = { id: 'session', storeId: STORE_ID, user: USER, signerUrl: `${SERVER}/signer`, token } as const
  await index.write([put('session', row)])
}

/** What is wrong with a response whose ETag is this address, in words. */
const problemOf = async (response: Response, address: ContentAddress): Promise<string | undefined> => {
  const content = (await contentsByAddress()).get(address)
  if (!content) return `names a content that nobody has: ${address}`
  const { status, headers } = response
  const length = Number(headers.get('content-length'))
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '')
  const [start, end, size] = range
    ? [Number(range[1]), Number(range[2]) + 1, Number(range[3])]
    : [0, content.length, content.length]
  if ((status === 206) !== (range !== null)) return `has the status ${status}, and content-range ${range?.[0]}`
  if (size !== content.length || length !== end - start)
    return `says ${length} bytes of ${size}, not of ${content.length}`
  if (response.body === null) return undefined
  let bytes: Uint8Array
  try {
    bytes = await response.bytes()
  } catch {
    // It broke off, and says so.
    return undefined
  }
  if (bytes.length !== length) return `has ${bytes.length} bytes, not ${length}`
  if (isUnverified(response)) return undefined
  return equalBytes(bytes, content.subarray(start, end)) ? undefined : 'has other bytes'
}

const isUnverified = ({ headers }: Response): boolean => headers.get('rockpool-verified') === 'no'

/** numbers of contents that people may have */
const MAX_CONTENTS = 20
let known: Promise<ReadonlyMap<ContentAddress, Uint8Array>> | undefined

const contentsByAddress = () =>
  (known ??= Promise.all(
    Array.from({ length: MAX_CONTENTS }, async (_, number) => {
      const bytes = new Uint8Array(await contentOf(number).arrayBuffer())
      return [(await hashContent([bytes], simulatedHashing)).address, bytes] as const
    }),
  ).then((contents) => new Map(contents)))
