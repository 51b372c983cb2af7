/** For tests: `rockpool-server` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  readonly child: ChildProcess
  /** of standard output, as they come */
  readonly lines: readonly string[]
  /** where `serve` listens; rejects when it ends before */
  readonly url: Promise<string>
  readonly ended: Promise<Ended>
}

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly complaint: string
}

const running = new Set<ChildProcess>()

/** For `afterAll`: ends what a failed test left running. */
export const endAll = async (): Promise<void> => {
  for (const child of running) {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}

export interface RunOptions {
  /** exactly these variables, and PATH */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** the Node to run it with; the one of the tests unless set */
  readonly node?: string
}

export const runServer = (
  args: readonly string[],
  { env = {}, cwd, node = process.execPath }: RunOptions = {},
): ServerProcess => {
  const cli = join(import.meta.dirname, '../cli.ts')
  const child = spawn(node, ['--conditions=@rockpool/source', cli, ...args], {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  })
  running.add(child)
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const listening = Promise.withResolvers<string>()
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
    const url = /listening on (\S+)/.exec(complaint)?.[1]
    if (url) listening.resolve(url)
  })
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    listening.reject(new Error(`It ended: ${complaint}`))
    return { code: code as number | null, output: lines.join('\n'), complaint }
  })
  listening.promise.catch(() => {})
  return { child, lines, url: listening.promise, ended }
}
