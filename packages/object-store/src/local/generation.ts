/**
 * Detects an index that is older than the content beside it, after a partial restore. Both hold a number: the index in a
 * row, the folder in the file `generation`. It grows at each start, and each minute in which something changes; the index is
 * first to grow, so only an older index has a smaller one.
 */
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ObjectStoreError } from '../errors.ts'
import { syncFolder } from './content-files.ts'
import type { LocalDatabase } from './database.ts'

const generationFile = (directory: string): string => join(directory, 'generation')

/** @throws ObjectStoreError `misconfigured` when the index is older than the folder */
export const requireCurrentIndex = (directory: string, database: LocalDatabase): void => {
  if (database.generation >= readGeneration(directory)) return
  throw new ObjectStoreError(
    'misconfigured',
    `The index.sqlite in ${directory} is older than the content beside it. Restore both from one backup, or run: ${REBUILD}`,
  )
}

export const REBUILD = 'rockpool-server rebuild'

const readGeneration = (directory: string): number => {
  try {
    return Number.parseInt(readFileSync(generationFile(directory), 'utf8'), 10) || 0
  } catch (error) {
    // Folders of older versions have none.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

/** Starts the next generation, in the index and then in the folder; both are on disk when this resolves. */
export const advanceGeneration = async (directory: string, database: LocalDatabase): Promise<void> => {
  const next = Math.max(database.generation, readGeneration(directory)) + 1
  database.setGeneration(next)
  const file = generationFile(directory)
  const handle = await open(`${file}.next`, 'w', 0o600)
  try {
    await handle.writeFile(`${next}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.next`, file)
  await syncFolder(directory)
}
