/** Starts the writer, and kills it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/** @param folders of the local store, or of the hybrid one and what stands in for its S3 */
export const startWriter = (run: number, folders: readonly string[]): ChildProcess =>
  spawn(
    process.execPath,
    ['--conditions=@rockpool/source', join(import.meta.dirname, 'writer.test.child.ts'), String(run), ...folders],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )

/** Runs a writer until it has acknowledged so many writes, and kills it in the midst of the others. */
export const writeAndKill = async (
  run: number,
  folders: readonly string[],
  acknowledgements: number,
): Promise<string[]> => {
  const writer = startWriter(run, folders)
  const exited = once(writer, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: writer.stdout! })) {
    lines.push(line)
    // Goes on reading: what was said before the kill counts.
    if (lines.length > acknowledgements) writer.kill('SIGKILL')
  }
  expect(await exited, `run ${run} was killed, after: ${lines.join(', ')}`).toEqual([null, 'SIGKILL'])
  expect(lines[0]).toBe('open')
  return lines.slice(1)
}
