/** Programs of `fixtures/node`, in a Node of their own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFolder } from './package.ts'

const run = promisify(execFile)

export interface NodeOptions {
  readonly execArgv?: readonly string[]
  readonly env?: Record<string, string>
}

/** @returns the JSON that the program prints in its first line of JSON */
export const runProgram = async (
  name: string,
  args: readonly string[],
  { execArgv = [], env = {} }: NodeOptions = {},
) => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-register-'))
  try {
    const program = join(packageFolder, 'fixtures/node', `${name}.js`)
    // Not what Vitest set: it is for its own processes.
    const { NODE_OPTIONS: _, ...environment } = process.env
    const { stdout } = await run(process.execPath, [...execArgv, program, ...args, folder], {
      env: { ...environment, ...env },
    })
    return JSON.parse(stdout.split('\n').find((line) => line.startsWith('{"'))!) as unknown
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
