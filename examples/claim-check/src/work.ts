/** A stage as a worker: takes one payload after the other from a queue, here the lines of its standard input. */
import { createInterface } from 'node:readline'
import type { Artifacts } from '@rockpool/artifacts'
import { replyOfError } from './errors.ts'
import { parsePayload, type StageReply } from './payload.ts'
import { runStage, type Stage } from './stage.ts'

/** Resolves when the queue ends. */
export const work = async (
  artifacts: Artifacts,
  stage: Stage,
  queue: NodeJS.ReadableStream,
  reply: (line: string) => void,
): Promise<void> => {
  for await (const line of createInterface({ input: queue })) {
    reply(`${JSON.stringify(await replyTo(artifacts, stage, line))}\n`)
  }
}

const replyTo = async (artifacts: Artifacts, stage: Stage, line: string): Promise<StageReply> => {
  try {
    return { output_uri: (await runStage(artifacts, stage, parsePayload(line))).uri }
  } catch (error) {
    return replyOfError(error)
  }
}
