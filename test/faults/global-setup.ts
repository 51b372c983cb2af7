/** Builds the app of these tests once, for all of them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { runBuild } from '../run-build.ts'

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
    await runBuild('test/faults/app/build.mjs', [folder])
  } catch (error) {
    await remove()
    throw error
  }
  project.provide('faultsApp', folder)
  return remove
}
