/** The real Postgres of the tests: `npm test` starts it while the checks run; a filtered run when a test needs it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../free-port.ts'

const run = promisify(execFile)

export interface PostgresServer {
  /** of its database `postgres`, as a superuser */
  readonly url: string
  readonly port: number
  /** Starts it again on the same port, after `kill`. */
  start(): Promise<void>
  /** Kills it, as a crash of the machine does. */
  kill(): Promise<void>
  /** Kills it and removes its data. */
  stop(): Promise<void>
}

/** Sockets and processes are few, and a test database needs no disk: only `kill` is survived. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // Written before a commit returns, but not flushed: processes are killed here, never the machine.
  fsync: 'off',
  shared_buffers: '32MB',
}

/** Runs a command until standard input ends. SIGQUIT is an immediate shutdown of Postgres, without a checkpoint, as after a crash. */
const UNTIL_INPUT_ENDS = 'exec 3<&0; "$@" & pid=$!; { cat <&3 >/dev/null; kill -QUIT $pid; } & wait $pid'

/** Starts a Postgres on a port of its own, in about 2 s. */
export const startPostgres = async (): Promise<PostgresServer> => {
  const bin = await programFolder()
  const owner = await unprivilegedUser()
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-postgres-'))
  if (owner) await chown(folder, owner.uid, owner.gid)
  const as = { ...owner, cwd: folder }
  const data = join(folder, 'data')
  await run(
    join(bin, 'initdb'),
    ['--pgdata', data, '--username=rockpool', '--auth=trust', '--encoding=UTF8', '--no-sync'],
    as,
  )
  const port = await freePort()
  let server: ChildProcess | undefined

  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.stdin!.end()
    await exited
  }

  const start = async () => {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const command = [join(bin, 'postgres'), '-D', data, '-p', String(port), ...settings]
    const child = spawn('/bin/sh', ['-c', UNTIL_INPUT_ENDS, 'sh', ...command], {
      ...as,
      stdio: ['pipe', 'ignore', 'pipe'],
      // Out of reach of a terminal's Ctrl-C: it ends with its standard input, that is with this process at the latest.
      detached: true,
    })
    server = child
    let output = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text) => {
        output += text
        if (output.includes('ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`Postgres does not start:\n${output}`)))
    })
  }

  const stop = async () => {
    await kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `postgres://rockpool@127.0.0.1:${port}/postgres`, port, start, kill, stop }
}

/** Debian keeps the programs of each version in a folder of their own, out of the PATH. */
const DEBIAN_FOLDER = '/usr/lib/postgresql'

const programFolder = async (): Promise<string> => {
  const versions = await readdir(DEBIAN_FOLDER)
  const [newest] = versions.map(Number).sort((a, b) => b - a)
  return join(DEBIAN_FOLDER, String(newest), 'bin')
}

/** Postgres refuses to run as root: Debian's package brings a user for it. */
const unprivilegedUser = async (): Promise<{ readonly uid: number; readonly gid: number } | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  )
  return { uid: uid!, gid: gid! }
}
