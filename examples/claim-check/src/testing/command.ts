/** The commands of the pipeline as processes. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'

export interface PipelineEvent {
  readonly event: string
  readonly stage?: string
  readonly pid?: number
  readonly request_id?: string
  readonly output_uri?: string
}

export interface Command {
  /** what it has printed so far */
  readonly events: readonly PipelineEvent[]
  /** Resolves with the first event that matches, also one of before. Rejects when the command ends without it. */
  until(matches: (event: PipelineEvent) => boolean): Promise<PipelineEvent>
  /** its exit code; null when it was killed */
  readonly ended: Promise<number | null>
  /** what it printed on standard error */
  readonly complaint: () => string
  kill(): void
}

const MAIN = join(import.meta.dirname, '../main.ts')

export const runCommand = (args: readonly string[], env: Readonly<Record<string, string>>): Command => {
  const child = spawn(process.execPath, ['--conditions=@rockpool/source', MAIN, ...args], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const events: PipelineEvent[] = []
  const watchers = new Set<(event: PipelineEvent) => void>()
  let complaint = ''
  child.stderr.on('data', (text) => (complaint += text))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as PipelineEvent
    events.push(event)
    for (const watch of watchers) watch(event)
  })
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
    // A stage that outlives it holds its standard error open.
    child.once('exit', (code) => code ?? resolve(code))
  })
  return {
    events,
    ended,
    complaint: () => complaint,
    kill: () => void child.kill('SIGKILL'),
    until: (matches) =>
      new Promise((resolve, reject) => {
        const before = events.find(matches)
        if (before) return resolve(before)
        const watch = (event: PipelineEvent) => {
          if (!matches(event)) return
          watchers.delete(watch)
          resolve(event)
        }
        watchers.add(watch)
        void ended.then(() => reject(new Error(`It ended before: ${complaint}`)))
      }),
  }
}
