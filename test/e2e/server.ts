/** Everything on the other side of the network, in one process tree: page server, signer, sync backend. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { freePort } from '../free-port.ts'

const root = join(import.meta.dirname, '../..')

export interface Server extends AsyncDisposable {
  /** origin and `/`; the same after a restart */
  readonly url: string
  /** where the object store and the sync backend keep their data */
  readonly dataFolder: string
  start(): Promise<void>
  /** Cuts the network at once: SIGKILL to the whole tree unless told `SIGTERM`. */
  stop(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  restart(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** The network is there, and nothing answers: requests hang until `resume`. */
  suspend(): void
  resume(): void
}

/** The folder of the gallery's e2e build. */
export const galleryFolder = (): string => {
  const gallery = inject('gallery')
  if ('error' in gallery) throw new Error(gallery.error)
  return gallery.folder
}

/**
 * Starts the preview server of a build, with a port and an empty data folder of its own.
 *
 * @param appRoot the folder of the app, if it is not the gallery
 */
export const startServer = async (folder = galleryFolder(), appRoot?: string): Promise<Server> => {
  const port = await freePort()
  const dataFolder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-data-'))
  let child: ChildProcess | undefined

  const start = async () => {
    let output = ''
    const started = spawn(
      process.execPath,
      ['--conditions=@rockpool/source', 'scripts/gallery.mjs', 'preview', folder],
      {
        cwd: root,
        env: {
          ...process.env,
          NODE_ENV: 'production',
          PORT: String(port),
          ROCKPOOL_DATA_DIR: dataFolder,
          ...(appRoot === undefined ? {} : { APP_ROOT: appRoot }),
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // A process group of its own, so that the sync backend's processes die with it.
        detached: true,
      },
    )
    for (const stream of [started.stdout!, started.stderr!]) stream.on('data', (text) => (output += text))
    child = started
    await Promise.race([
      once(started, 'message'),
      once(started, 'exit').then(() => {
        throw new Error(`The preview server ended:\n${output}`)
      }),
    ])
  }
  const signalTree = (signal: NodeJS.Signals) => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    process.kill(-child.pid, signal)
  }
  const stop = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    // SIGTERM goes to the server alone: ending the rest is its own business.
    if (signal === 'SIGKILL') signalTree(signal)
    else child.kill(signal)
    await exited
  }

  await start()
  return {
    url: `http://127.0.0.1:${port}/`,
    dataFolder,
    start,
    stop,
    restart: async (signal) => {
      await stop(signal)
      await start()
    },
    suspend: () => signalTree('SIGSTOP'),
    resume: () => signalTree('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await stop()
      await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
