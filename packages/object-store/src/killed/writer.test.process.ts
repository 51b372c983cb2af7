/** Starts the writer, and kills it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/** @param places the folder of a local store, or that of a hybrid one and its remote (`openRemote`) */
export const startWriter = (run: number, places: readonly string[]): ChildProcess =>
  spawn(
    process.execPath,
    ['--conditions=@rockpool/source', join(import.meta.dirname, 'writer.test.child.ts'), String(run), ...places],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )

/** Runs a writer until it has acknowledged so many writes, and kills it in the midst of the others. */
export const writeAndKill = async (
  run: number,
  places: readonly string[],
  acknowledgements: number,
): Promise<string[]> => {
  const writer = startWriter(run, places)
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
