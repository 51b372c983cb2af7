/** A test's own world: one server with empty data, two people's devices with empty profiles. */
import { type BrowserName, createDevice, type Device } from './device.ts'
import { type Server, startServer } from './server.ts'

export interface World {
  readonly server: Server
  readonly A: Device
  readonly B: Device
}

/** Runs `story` in a world of its own, and removes all of it after. Browsers start when a tab is opened. */
export const inWorld = async (browser: BrowserName, story: (world: World) => Promise<void>): Promise<void> => {
  await using server = await startServer()
  await using A = await createDevice(browser, server.url)
  await using B = await createDevice(browser, server.url)
  await story({ server, A, B })
}
