/** A world of its own: an S3 bucket, the servers, and devices, each behind a network of its own. */
import { makeRandom } from '@rockpool/core/simulation'
import { createDevice, type Device } from '../e2e/device.ts'
import { type Bucket, createBucket } from './bucket.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { type FaultsServer, startServer } from './server.ts'

export interface ConnectedDevice {
  readonly name: string
  readonly browser: Device
  readonly network: Proxy
}

export interface FaultsWorld extends AsyncDisposable {
  readonly bucket: Bucket
  readonly server: FaultsServer
  readonly devices: readonly ConnectedDevice[]
}

/** @param seed decides which requests meet the faults of a device's network */
export const createWorld = async (names: readonly string[], seed = 0): Promise<FaultsWorld> => {
  await using started = new AsyncDisposableStack()
  const bucket = started.use(await createBucket())
  const server = started.use(await startServer(bucket.options))
  const devices: ConnectedDevice[] = []
  for (const [index, name] of names.entries()) {
    const upstream = { port: server.port, storage: bucket.options.endpoint }
    const network = started.use(await startProxy(upstream, makeRandom(seed * 100 + index)))
    const browser = started.use(await createDevice('chromium', network.url))
    devices.push({ name, network, browser })
  }
  await bucket.allow(devices.map(({ network }) => new URL(network.url).origin))
  const stack = started.move()
  return { bucket, server, devices, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
