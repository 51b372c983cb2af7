/** Between devices and the server: requests and responses are lost or late, broadcasts also come twice, split, or reordered. */
import type { GlobalEvent, Server, ServerRequest, ServerResponse } from './server.ts'
import type { Settings } from './settings.ts'
import type { World } from './world.ts'

/** As `CALL_TIMEOUT_MS` of the provider. */
const CALL_TIMEOUT = 20_000

export type CallResult = ServerResponse | 'connection failed' | 'timeout'

export interface Socket {
  readonly send: (message: string) => void
  readonly close: () => void
}

export interface SocketEvents {
  readonly onMessage: (message: string) => void
  readonly onClose: (code: number) => void
}

export interface Network {
  readonly call: (device: number, request: ServerRequest, settle: (result: CallResult) => void) => void
  readonly connect: (device: number, since: number, events: SocketEvents) => Socket
  readonly publish: (message: { since: number; events: readonly GlobalEvent[] }) => void
  /** Nothing of this device passes. */
  readonly cut: (device: number, ms: number) => void
  readonly restartServer: (ms: number) => void
  readonly cutSockets: (device: number) => void
  /** After each step: sends what the server has responded. Undefined when no request waits. */
  readonly settle: () => Promise<void> | undefined
}

interface Connection {
  readonly device: number
  readonly events: SocketEvents
  isOpen: boolean
}

export const makeNetwork = (world: World, settings: () => Settings, server: () => Server): Network => {
  const { random } = world
  const offlineUntil = new Map<number, number>()
  let downUntil = 0
  /** grows with each restart: responses of an earlier server are lost */
  let serverRun = 0
  const connections = new Set<Connection>()
  let requests = 0
  /** requests that the server has and has not responded to */
  let inFlight = 0
  let finished: { readonly order: number; readonly run: number; readonly respond: () => void }[] = []

  const delay = () => random.next() * settings().networkDelay * (random.chance(0.05) ? 10 : 1)
  const isCut = (device: number) => (offlineUntil.get(device) ?? 0) > world.now() || downUntil > world.now()

  const close = (connection: Connection, code: number) => {
    connections.delete(connection)
    world.after(delay(), `socket of device ${connection.device} closes`, () => {
      if (!connection.isOpen) return
      connection.isOpen = false
      connection.events.onClose(code)
    })
  }

  const deliver = (connection: Connection, ms: number, message: unknown) => {
    const text = JSON.stringify(message)
    world.after(ms, `device ${connection.device} gets a message`, () => {
      if (connection.isOpen && !isCut(connection.device)) connection.events.onMessage(text)
    })
  }

  const broadcast = (connection: Connection, since: number, events: readonly GlobalEvent[]) => {
    const head = since + events.length
    const message = { backendId: server().head().backendId, since, head, events }
    if (!random.chance(settings().faultyBroadcasts)) return deliver(connection, delay(), message)
    const fault = random.int(0, 4)
    if (fault === 0) return
    if (fault === 1) for (const _ of [1, 2]) deliver(connection, delay(), message)
    if (fault === 2) deliver(connection, delay() * 20, message)
    // Too large to be sent: the device has to pull.
    if (fault === 3) deliver(connection, delay(), { ...message, events: [] })
    if (fault === 4) {
      const cut = random.int(0, events.length)
      deliver(connection, delay(), { ...message, head: since + cut, events: events.slice(0, cut) })
      deliver(connection, delay(), { ...message, since: since + cut, events: events.slice(cut) })
    }
  }

  return {
    call: (device, request, settle) => {
      const lost = random.chance(settings().lostRequests)
      const late = random.chance(settings().lateRequests)
      let isSettled = false
      const finish = (ms: number, result: CallResult) => {
        world.after(ms, `device ${device}: ${typeof result === 'string' ? result : result.status}`, () => {
          if (isSettled) return
          isSettled = true
          settle(result)
        })
      }
      finish(CALL_TIMEOUT, 'timeout')
      if (lost || isCut(device)) {
        if (random.chance(0.7)) finish(delay(), 'connection failed')
        return
      }
      if (late) world.count('a request arrives too late')
      const ms = late ? CALL_TIMEOUT + random.next() * 5_000 : delay()
      world.after(ms, `server gets ${request.method} ${request.path} of device ${device}`, () => {
        if (downUntil > world.now()) return finish(delay(), 'connection failed')
        const run = serverRun
        const respond = (response: ServerResponse) => {
          const isLost = random.chance(settings().lostResponses) || isCut(device)
          if (isLost && random.chance(0.5)) return
          world.after(delay(), `response for device ${device}`, () =>
            finish(0, isLost || serverRun !== run || isCut(device) ? 'connection failed' : response),
          )
        }
        if (random.chance(settings().unavailable)) return respond({ status: 503, body: {} })
        const order = requests++
        inFlight++
        void server()
          .handle(request)
          .then((response) => {
            finished.push({ order, run, respond: () => respond(response) })
          })
      })
    },

    connect: (device, since, events) => {
      const connection: Connection = { device, events, isOpen: true }
      if (isCut(device) || random.chance(settings().lostRequests)) close(connection, 1006)
      else {
        world.after(delay(), `server opens a socket for device ${device}`, () => {
          if (!connection.isOpen) return
          if (isCut(device)) return close(connection, 1006)
          connections.add(connection)
          deliver(connection, delay(), server().hello(since))
        })
      }
      return {
        send: (message) => {
          if (message !== 'ping' || isCut(device)) return
          world.after(delay(), `server gets a ping of device ${device}`, () => {
            if (connections.has(connection)) deliver(connection, delay(), server().head())
          })
        },
        close: () => {
          connection.isOpen = false
          connections.delete(connection)
        },
      }
    },

    publish: ({ since, events }) => {
      for (const connection of connections) broadcast(connection, since, events)
    },

    cut: (device, ms) => {
      world.note(`device ${device} is offline for ${ms} ms`)
      offlineUntil.set(device, world.now() + ms)
    },

    restartServer: (ms) => {
      world.note(`server is down for ${ms} ms`)
      downUntil = world.now() + ms
      serverRun++
      inFlight = 0
      for (const connection of connections) close(connection, 1001)
    },

    settle: () => {
      if (inFlight === 0) return undefined
      return server()
        .settle()
        .then(() => {
          const responses = finished.filter(({ run }) => run === serverRun)
          finished = []
          inFlight -= responses.length
          for (const { respond } of responses.toSorted((a, b) => a.order - b.order)) respond()
        })
    },

    cutSockets: (device) => {
      for (const connection of connections) if (connection.device === device) close(connection, 1006)
    },
  }
}
