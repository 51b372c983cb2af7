/** The command's side of the control socket. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { ControlLine } from './listen-control.ts'
import { controlSocket } from './socket-path.ts'

export type Asked = { readonly kind: 'no_server' } | { readonly kind: 'done'; readonly result: unknown }

export interface AskOptions {
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

/** @throws Error of the task; or when the server ended before the result */
export const askServer = async (
  dataDir: string,
  task: string,
  args: unknown,
  { signal, progress }: AskOptions,
): Promise<Asked> => {
  const socketPath = controlSocket(dataDir)
  if (socketPath === undefined) return { kind: 'no_server' }
  const call = request({ socketPath, path: `/${task}`, method: 'POST', signal })
  call.end(JSON.stringify(args))
  let response: IncomingMessage
  try {
    ;[response] = (await once(call, 'response')) as [IncomingMessage]
  } catch (error) {
    // No socket, or one that a killed server left behind.
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return { kind: 'no_server' }
    throw error
  }
  // The end of the server is an error of the response; the missing result says so below.
  response.on('error', () => {})
  for await (const text of createInterface({ input: response })) {
    const line = JSON.parse(text) as ControlLine
    if ('progress' in line) progress(line.progress)
    if ('error' in line) throw new Error(line.error)
    if ('result' in line) return { kind: 'done', result: line.result }
  }
  signal.throwIfAborted()
  throw new Error('The server ended before the command was done. Run the command again.')
}
