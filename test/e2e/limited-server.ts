/** `@rockpool/server` with limits and buckets of a test, which serves the gallery to devices behind a network. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Right } from '@rockpool/protocol'
import { createLog, loadConfig, startServer } from '@rockpool/server'
import { freePort } from '../free-port.ts'
import { type BrowserName, createDevice, type Device } from './device.ts'
import { startNetwork } from './network.ts'
import { withLog } from './network-story.ts'
import { signerWith } from './network-tokens.ts'
import { galleryFolder } from './server.ts'

const SECRET = 'the secret of a server with limits, more than 32 bytes'
const sign = signerWith(SECRET)
const lifetimeMs = 3_600_000

export interface LimitedWorld {
  /** of the server itself */
  readonly url: string
  /** for calls of the test, in the gallery's store */
  readonly token: (rights: readonly Right[]) => string
  readonly A: Device
  readonly B: Device
}

/** @param settings variables of the server */
export const withLimits = async (
  browser: BrowserName,
  settings: Readonly<Record<string, string>>,
  story: (world: LimitedWorld) => Promise<void>,
): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-e2e-limits-'))
  const port = String(await freePort())
  await using network = await startNetwork(`http://127.0.0.1:${port}/`)
  network.token = ({ user, storeId }) => sign({ user, storeId, rights: ['read', 'write', 'delete'], lifetimeMs })
  const env = {
    ...{ ROCKPOOL_DATA_DIR: dataDir, ROCKPOOL_JWT_SECRET: SECRET, PORT: port },
    // Uploads and downloads go to the server itself.
    ROCKPOOL_ALLOWED_ORIGINS: new URL(network.url).origin,
    ...settings,
  }
  const config = loadConfig({ env, cwd: dataDir })
  const server = await startServer({ config, log: createLog(() => {}), staticFolder: galleryFolder() })
  try {
    await using A = await createDevice(browser, network.url)
    await using B = await createDevice(browser, network.url)
    const token = (rights: readonly Right[]) => sign({ user: 'admin', storeId: 'gallery', rights, lifetimeMs })
    await withLog({ network }, () => story({ url: server.url, token, A, B }))
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}
