/** A bare folder outside of the workspace, in which packages are installed as anyone would. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface BareFolder extends AsyncDisposable {
  readonly path: string
  write(name: string, text: string): Promise<void>
  /** Runs a program to its end. @throws Error with its output when it fails */
  run(program: string, ...args: readonly string[]): Promise<string>
}

/** @param path folders of programs, before those of the system */
export const bareFolder = async (registry: string, path: readonly string[] = []): Promise<BareFolder> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-adopt-'))
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await write('package.json', JSON.stringify({ name: 'adopter', version: '1.0.0', private: true, type: 'module' }))
  await write('.npmrc', `registry=${registry}/\n`)
  return {
    path: folder,
    write,
    run: (program, ...args) =>
      runProgram(program, args, { cwd: folder, env: { PATH: [...path, process.env.PATH].join(':') } }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/**
 * Runs a program to its end, in the environment of {@link cleanEnvironment} and `env`.
 *
 * @returns what it wrote
 * @throws Error with its output when it fails
 */
export const runProgram = (
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output.slice(-4_000)}`))
    })
  })

/** Without the settings of the workspace's npm, of the tests and of their S3 server, and without colours (in CI, too). */
export const cleanEnvironment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|NODE_|VITEST|ROCKPOOL_|ARTIFACT_|FORCE_COLOR)/i.test(name),
    ),
  ),
  NO_COLOR: '1',
})
