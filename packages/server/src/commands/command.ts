/** What a command of `rockpool-server` is. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Environment } from '@rockpool/access'

/** 0: done. 1: failed. 2: wrong use of the command line. */
export type ExitCode = 0 | 1 | 2

export interface Command {
  readonly name: string
  /** what stands behind the name in the usage: `[--static <folder>]` */
  readonly usage: string
  /** one line for the list of commands */
  readonly summary: string
  /** what `--help` says beside that: lines of at most 100 characters */
  readonly details: string
  /** beside `--config`, `--json` and `--help`, which all have */
  readonly options: ParseArgsOptionsConfig
  /** names of the words that have to follow, in order */
  readonly words?: readonly string[]
  run(input: Input): Promise<ExitCode>
}

export interface Input {
  /** of the options: undefined when not given */
  readonly flags: Flags
  readonly words: readonly string[]
  /** of `--config` */
  readonly configFile: string | undefined
  /** `--json`: the result on standard output is one JSON value */
  readonly json: boolean
  readonly env: Environment
  readonly cwd: string
  /** aborted by SIGINT and SIGTERM */
  readonly signal: AbortSignal
  readonly output: Output
}

export interface Output {
  /** The result: `value` with `--json`, else `text`. */
  result(value: unknown, text: string): void
  /** One line of progress for a person, on standard error. */
  progress(line: string): void
  /** Standard output as it is. */
  write(text: string): void
}

export interface Flags {
  text(name: string): string | undefined
  has(name: string): boolean
}

/** The command line is wrong: its message is one line that says what to write. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
