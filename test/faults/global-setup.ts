/** Builds the app of these tests once, for all of them. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** the folder of the build */
    faultsApp: string
  }
}

export default async (project: TestProject) => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-faults-app-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    await promisify(execFile)(
      process.execPath,
      ['--conditions=@rockpool/source', join(import.meta.dirname, 'app/build.mjs'), folder],
      // Vitest's own NODE_ENV is `test`, which would build a development version.
      { env: { ...process.env, NODE_ENV: 'production' } },
    )
  } catch (error) {
    await remove()
    throw error
  }
  project.provide('faultsApp', folder)
  return remove
}
