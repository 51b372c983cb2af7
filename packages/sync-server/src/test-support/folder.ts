/** A folder of its own for a test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

export const makeFolder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'rockpool-sync-server-'))

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

/** Removed when the test ends. */
export const testFolder = async (): Promise<string> => {
  const folder = await makeFolder()
  onTestFinished(() => removeFolder(folder))
  return folder
}
