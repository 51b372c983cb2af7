/** Every task, by its name: what a running server does for a command. */
import { backUp } from '../backup/back-up.ts'
import { collectGarbage } from './collect-garbage.ts'
import { correctEvent, findEvents } from './correct.ts'
import { expireArtifacts } from './expire.ts'
import type { Task } from './task.ts'
import { verifyBytes } from './verify-bytes.ts'

export const TASKS: readonly Task<never, unknown>[] = [
  backUp,
  collectGarbage,
  correctEvent,
  expireArtifacts,
  findEvents,
  verifyBytes,
]
