/** The servers of a world: they can be killed, and start again on the same data. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3StoreOptions } from '@rockpool/object-store/s3'
import { inject } from 'vitest'
import { freePort } from '../free-port.ts'

/** Settings of the process. */
export interface ServerSettings {
  readonly port: number
  /** the build of the app */
  readonly appFolder: string
  /** of the sync server's logs */
  readonly dataFolder: string
  readonly bucket: S3StoreOptions
}

export interface FaultsServer extends AsyncDisposable {
  readonly port: number
  start(): Promise<void>
  /** SIGKILL */
  kill(): Promise<void>
}

export const startServer = async (bucket: S3StoreOptions): Promise<FaultsServer> => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rockpool-faults-data-'))
  const settings: ServerSettings = { port: await freePort(), appFolder: inject('faultsApp'), dataFolder, bucket }
  let child: ChildProcess | undefined

  const start = async () => {
    let output = ''
    const started = spawn(
      process.execPath,
      ['--conditions=@rockpool/source', join(import.meta.dirname, 'server-process.ts'), JSON.stringify(settings)],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    for (const stream of [started.stdout!, started.stderr!]) stream.on('data', (text) => (output += text))
    child = started
    await Promise.race([
      once(started, 'message'),
      once(started, 'exit').then(() => {
        throw new Error(`The servers ended:\n${output}`)
      }),
    ])
  }
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  await start()
  return {
    port: settings.port,
    start,
    kill,
    [Symbol.asyncDispose]: async () => {
      await kill()
      await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
