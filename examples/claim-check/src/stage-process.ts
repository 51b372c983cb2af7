/** The orchestrator's side of a stage: a process of its own, that may die at any time. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { StageDiedError } from './errors.ts'
import { parseReply, type StagePayload, type StageReply } from './payload.ts'
import type { StageName } from './request-record.ts'

/** `http`: a function behind a URL. `worker`: a loop over a queue. */
export type StageKind = 'http' | 'worker'

export interface StageProcess {
  readonly pid: number
  /** @throws StageDiedError when it ends before it replies */
  call(payload: StagePayload): Promise<StageReply>
  stop(): Promise<void>
}

/** @throws StageDiedError when it ends before it is ready */
export const startStage = async (
  stage: StageName,
  kind: StageKind,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StageProcess> => {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'stage', stage, kind], {
    env: { ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // Writing to a process that died: `ended` reports it.
  child.stdin.on('error', () => {})
  const ended = once(child, 'exit')
  const died = ended.then(([code, signal]): never => {
    throw new StageDiedError(`The process of the stage "${stage}" ended (${signal ?? code}) before it replied.`)
  })
  died.catch(() => {})
  const stop = async () => {
    child.kill()
    await ended
  }
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next()
    return done ? died : (value as string)
  }
  const send =
    kind === 'http' ? callByHttp(`http://127.0.0.1:${await nextLine()}`, died, stop) : callByQueue(child, nextLine)
  return { pid: child.pid!, call: async (payload) => parseReply(await send(JSON.stringify(payload))), stop }
}

type Send = (payload: string) => Promise<string>

const callByHttp =
  (url: string, died: Promise<never>, stop: () => Promise<void>): Send =>
  async (body) => {
    try {
      return await post(url, body)
    } catch (cause) {
      // Usually it is dead already. One that lives on, and never replies, ends here.
      await stop()
      return died.catch((error: Error) => {
        throw new StageDiedError(error.message, { cause })
      })
    }
  }

/** Not `fetch`, which waits at most five minutes for a response: a stage may take longer. */
const post = async (url: string, body: string): Promise<string> => {
  const outgoing = request(url, { method: 'POST' })
  const responded = once(outgoing, 'response')
  outgoing.end(body)
  const [response] = (await responded) as [Readable]
  return text(response)
}

const callByQueue =
  (child: ChildProcessByStdio<Writable, Readable, null>, nextLine: () => Promise<string>): Send =>
  async (payload) => {
    child.stdin.write(`${payload}\n`)
    return nextLine()
  }
