/** Child processes of the npm scripts. Plain Node 20, no dependencies: this runs before anything is installed. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Node 24, which the npm package `node` brings, whatever the machine has. There after `ensureDependencies`. */
export const node24 = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))

/** Reads workspace packages from their TypeScript sources: Node 24 strips the types. */
export const fromSource = '--conditions=@rockpool/source'

/** The path of a program that a package of node_modules brings, to be run by Node 24. */
export const bin = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url))

/**
 * Runs a program in the foreground, until it ends or this process is told to end.
 * The child also holds an IPC channel: it can see this process die, even by SIGKILL.
 *
 * @returns its exit code
 */
export const inForeground = (command, args, { env = {} } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    })
    // Ctrl-C reaches the child by itself (same process group); this process must outlive it to report its exit code.
    process.on('SIGINT', () => {})
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })

/**
 * Runs a program and keeps what it prints.
 *
 * @returns its exit code and its output, both streams together
 */
export const captured = (command, args, { env = {}, cwd = root } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }))
  })
