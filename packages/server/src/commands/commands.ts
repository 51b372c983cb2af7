/** Every command, in the order of the help. */
import { backup } from './backup.ts'
import { checkConfig } from './check-config.ts'
import type { Command } from './command.ts'
import { copy } from './copy.ts'
import { correct } from './correct.ts'
import { doctor } from './doctor.ts'
import { expire } from './expire.ts'
import { gc } from './gc.ts'
import { init } from './init.ts'
import { moveLogs } from './move-logs.ts'
import { rebuild } from './rebuild.ts'
import { restore } from './restore.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'
import { verify } from './verify.ts'
import { version } from './version.ts'

export const COMMANDS: readonly Command[] = [
  serve,
  init,
  doctor,
  checkConfig,
  gc,
  expire,
  verify,
  backup,
  restore,
  rebuild,
  copy,
  moveLogs,
  correct,
  token,
  version,
]
