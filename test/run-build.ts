import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')

/**
 * Runs a build script of this repository for production, on the sources of its packages.
 *
 * @param script path below the repository
 * @param env variables instead of those of the tests
 * @throws Error with `stdout` and `stderr` when it fails
 */
export const runBuild = async (
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<void> => {
  await promisify(execFile)(process.execPath, ['--conditions=@rockpool/source', script, ...args], {
    cwd: root,
    // Vitest's own NODE_ENV is `test`, which would build a development version.
    env: { ...process.env, NODE_ENV: 'production', ...env },
  })
}
