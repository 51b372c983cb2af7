/** Devices behind networks of their own, and what the stories measure. */
import { expect } from 'vitest'
import { type BrowserName, createDevice, type Device } from './device.ts'
import { type Network, startNetwork } from './network.ts'
import { type Server, startServer } from './server.ts'
import type { Tab } from './tab.ts'

const SIZE = 1_000

export interface NetworkWorld {
  readonly server: Server
  /** between A and the server */
  readonly network: Network
  readonly A: Device
  /** connects to the server directly */
  readonly B: Device
}

/** Runs `story` in a world of its own. A failure names the last events of the network. */
export const behindNetwork = async (browser: BrowserName, story: (world: NetworkWorld) => Promise<void>) => {
  await using server = await startServer()
  await using network = await startNetwork(server.url)
  await using A = await createDevice(browser, network.url)
  await using B = await createDevice(browser, server.url)
  await withLog({ network }, () => story({ server, network, A, B }))
}

/** Adds the last events of these networks to a failure. */
export const withLog = async (networks: Readonly<Record<string, Network>>, story: () => Promise<void>) => {
  try {
    await story()
  } catch (error) {
    const logs = Object.entries(networks).map(([name, { log }]) => `${name}:\n${log.slice(-60).join('\n')}`)
    throw new Error(`${String(error)}\n${logs.join('\n')}`, { cause: error })
  }
}

/** Waits until the device has a socket. */
export const socketOpen = async (network: Network) => {
  await expect.poll(() => network.openSockets, { timeout: 30_000, interval: 50 }).toBeGreaterThan(0)
}

/** Adds small files one after the other: each is an event of its own, and so is the storing of its bytes. */
export const addFiles = async (tab: Tab, ...names: string[]) => {
  for (const name of names) await tab.add(name, name, SIZE)
}

/** @returns ms until the tab shows exactly these files */
export const timeToShow = async (tab: Tab, ...names: string[]): Promise<number> => {
  const start = performance.now()
  await tab.shows(...names)
  return Math.round(performance.now() - start)
}

export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}.bin`)
