/** Every command, in the order of the help. */
import { checkConfig } from './check-config.ts'
import type { Command } from './command.ts'
import { copy } from './copy.ts'
import { doctor } from './doctor.ts'
import { gc } from './gc.ts'
import { init } from './init.ts'
import { rebuild } from './rebuild.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'
import { version } from './version.ts'

export const COMMANDS: readonly Command[] = [serve, init, doctor, checkConfig, gc, copy, rebuild, token, version]
