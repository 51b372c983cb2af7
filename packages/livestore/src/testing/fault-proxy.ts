/** A TCP proxy before a server, with the faults of real networks. */
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface FaultProxy {
  /** `url` of the server, through this proxy */
  readonly url: string
  /** ends connections to WebSockets before they open */
  refusesUpgrades: boolean
  /** drops all bytes, in both directions: a network that is gone without a word */
  isSilent: boolean
  /** drops bytes of WebSockets that are open */
  silencesSockets: boolean
  /** drops what the server sends to WebSockets that are open */
  losesBroadcasts: boolean
  /** ends the connection when the server responds to a push: the server has the events, the device does not know */
  losesPushResponses: boolean
  /** Ends all connections. */
  cut(how?: 'reset' | 'end'): void
  /** how often a device asked for a WebSocket */
  readonly upgrades: number
  /** WebSockets that are open */
  readonly sockets: number
  close(): Promise<void>
}

/** @param ownPort any free one unless set */
export const startFaultProxy = async (target: string, ownPort = 0): Promise<FaultProxy> => {
  const { hostname, port, pathname } = new URL(target)
  const pairs = new Set<{ readonly device: Socket; readonly server: Socket; isSocket: boolean }>()
  let upgrades = 0

  const listener = createServer((device) => {
    const server = connect(Number(port), hostname)
    const pair = { device, server, isSocket: false }
    pairs.add(pair)
    let isPush = false
    const end = () => {
      pairs.delete(pair)
      device.destroy()
      server.destroy()
    }
    device.on('data', (bytes) => {
      if (!pair.isSocket) {
        const text = bytes.toString('latin1')
        if (/^GET \S+\/live/.test(text)) {
          upgrades++
          if (proxy.refusesUpgrades) return end()
          pair.isSocket = true
        } else if (/^(GET|POST) /.test(text)) isPush = text.startsWith('POST')
      }
      if (proxy.isSilent || (pair.isSocket && proxy.silencesSockets)) return
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (isPush && proxy.losesPushResponses) return end()
      if (proxy.isSilent) return
      if (pair.isSocket && (proxy.silencesSockets || proxy.losesBroadcasts)) return
      device.write(bytes)
    })
    for (const side of [device, server]) {
      side.on('error', end)
      side.on('close', end)
    }
  })
  await new Promise<void>((resolve) => void listener.listen(ownPort, '127.0.0.1', resolve))

  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}${pathname}`,
    refusesUpgrades: false,
    isSilent: false,
    silencesSockets: false,
    losesBroadcasts: false,
    losesPushResponses: false,
    cut: (how = 'reset') => {
      for (const { device, server } of pairs) {
        if (how === 'reset') device.resetAndDestroy()
        else device.end()
        server.destroy()
      }
    },
    get upgrades() {
      return upgrades
    },
    get sockets() {
      return [...pairs].filter(({ isSocket }) => isSocket).length
    },
    close: async () => {
      const closed = new Promise((resolve) => void listener.close(resolve))
      for (const { device, server } of pairs) {
        device.destroy()
        server.destroy()
      }
      await closed
    },
  }
  return proxy
}
