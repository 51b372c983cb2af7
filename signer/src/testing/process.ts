/** For tests: `rockpool-signer` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface SignerProcess {
  /** of standard output, as they come */
  readonly lines: readonly string[]
  /** where `serve` listens */
  readonly url: Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly output: string; readonly complaint: string }>
  kill(signal: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()

/** For `afterAll`: ends what a failed test left running. */
export const endAll = async (): Promise<void> => {
  for (const child of running) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

/** Runs the command line with exactly this environment. */
export const runSigner = (args: readonly string[], env: Readonly<Record<string, string>>): SignerProcess => {
  const cli = join(import.meta.dirname, '../cli.ts')
  const child = spawn(process.execPath, ['--conditions=@rockpool/source', cli, ...args], {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
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
  return { lines, url: listening.promise, ended, kill: (signal) => child.kill(signal) }
}
