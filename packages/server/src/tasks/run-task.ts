/** Runs a task where it can: the running server's process has the folder. */
import { describeError } from '@rockpool/signer'
import { appendLost } from '@rockpool/sync-server'
import type { ServerConfig } from '../config/server-config.ts'
import { askServer } from '../control/ask-server.ts'
import { openParts } from '../serve/parts.ts'
import type { Task, TaskInput } from './task.ts'

export interface RunOptions {
  readonly config: ServerConfig
  readonly signal: AbortSignal
  readonly progress: (line: string) => void
}

/** @throws Error whose message is one line */
export const runTask = async <Arguments, Result>(
  task: Task<Arguments, Result>,
  args: Arguments,
  { config, signal, progress }: RunOptions,
): Promise<Result> => {
  const asked = await askServer(config.dataDir, task.name, args, { signal, progress })
  if (asked.kind === 'done') return asked.result as Result
  const parts = await openParts(config, '', {
    onFailure: ({ key, error }) => progress(`${key} could not be replicated to S3: ${describeError(error)}`),
    onQuarantine: (files) => progress(`${files} files that no index names were moved to the folder quarantine.`),
  })
  try {
    const { logs } = parts
    const input: TaskInput = {
      ...{ config, parts, signal, progress },
      reportLost: async (storeId, keys) => void (await appendLost(await logs.open(storeId), keys, Date.now())),
      redact: async (storeId, seqNum, cause) => (await logs.open(storeId)).redact(seqNum, { ...cause, at: Date.now() }),
    }
    return await task.run(args, input)
  } finally {
    await parts.close()
  }
}
