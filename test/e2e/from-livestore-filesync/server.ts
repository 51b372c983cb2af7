/** `@rockpool/server` as an operator runs it for the move: with the gateway of the old app, and the app's files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Right } from '@rockpool/protocol'
import { createLog, loadConfig, type RunningServer, startServer } from '@rockpool/server'
import { SignJWT } from 'jose'
import { freePort } from '../../free-port.ts'

const SECRET = 'the secret of an app that moves, more than 32 bytes'

export interface MoveServer extends AsyncDisposable {
  /** origin and `/`; the same after a restart */
  readonly url: string
  /** where event logs are imported to */
  readonly eventsFolder: string
  /** how many times a client has fetched the bytes of a file */
  downloads(): number
  start(): Promise<void>
  stop(): Promise<void>
}

/** @param staticFolder the app's files */
export const createServer = async (staticFolder: string): Promise<MoveServer> => {
  const port = await freePort()
  const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-e2e-data-'))
  const env = {
    ROCKPOOL_DATA_DIR: dataDir,
    ROCKPOOL_JWT_SECRET: SECRET,
    ROCKPOOL_GATEWAY: 'true',
    PORT: String(port),
  }
  let downloads = 0
  const log = createLog((line) => {
    const { kind, method, route } = JSON.parse(line) as Readonly<Record<string, unknown>>
    if (kind === 'request' && method === 'GET' && route === '/signer/objects/*') downloads++
  })
  let running: RunningServer | undefined
  const stop = async () => {
    await running?.stop()
    running = undefined
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    eventsFolder: join(dataDir, 'events'),
    downloads: () => downloads,
    start: async () => {
      running = await startServer({ config: loadConfig({ env, cwd: dataDir }), log, staticFolder })
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A token for the store of the app. */
export const tokenOf = (sub: string, rights: readonly Right[] = ['read', 'write', 'delete']): Promise<string> =>
  new SignJWT({ stores: { shop: rights } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime('1 hour')
    .sign(new TextEncoder().encode(SECRET))
