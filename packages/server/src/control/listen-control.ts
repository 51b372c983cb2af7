/** The server's side of the control socket: runs tasks, one JSON line for each progress, and one for the result. */
import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Task, TaskInput } from '../tasks/task.ts'

/** A line of the response. */
export type ControlLine =
  | { readonly progress: string }
  | { readonly result: unknown }
  /** of the task: one line for the operator */
  | { readonly error: string }

export interface ControlOptions {
  /** its folder has to be private; the folder's lock is held */
  readonly path: string
  readonly tasks: readonly Task<never, unknown>[]
  readonly input: Omit<TaskInput, 'signal' | 'progress'>
}

export interface Control {
  /** Ends the tasks under way. Resolves when nothing uses the logs and the store any more. */
  close(): Promise<void>
}

export const listenControl = async ({ path, tasks, input }: ControlOptions): Promise<Control> => {
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()

  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const task = tasks.find(({ name }) => incoming.url === `/${name}`)
    const write = (line: ControlLine) => void outgoing.write(`${JSON.stringify(line)}\n`)
    outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const left = new AbortController()
    outgoing.once('close', () => left.abort(new Error('The command was stopped.')))
    const signal = AbortSignal.any([left.signal, stopping.signal])
    try {
      if (!task) throw new Error('The running server is of another version. Stop it, or use its own commands.')
      const args = (await json(incoming)) as never
      write({ result: await task.run(args, { ...input, signal, progress: (progress) => write({ progress }) }) })
    } catch (error) {
      write({ error: error instanceof Error ? error.message : String(error) })
    }
    outgoing.end()
  }

  const server = createServer((incoming, outgoing) => {
    const task = respond(incoming, outgoing).finally(() => running.delete(task))
    running.add(task)
  })
  // A task may take hours, and be silent for minutes.
  server.requestTimeout = 0
  // Left by a server that was killed: this one holds the lock of the folder.
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return {
    close: async () => {
      stopping.abort(new Error('The server is stopping. Run the command again.'))
      await Promise.all(running)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}
