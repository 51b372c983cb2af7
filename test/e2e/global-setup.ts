/** Builds the gallery once for all end-to-end tests, as for production, but with `window.pool` (mode `e2e`). */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { runBuild } from '../run-build.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** the folder of the build; or why there is none, so that only the tests that need it fail */
    gallery: { readonly folder: string } | { readonly error: string }
  }
}

export default async (project: TestProject) => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-gallery-'))
  try {
    await runBuild('scripts/gallery.mjs', ['build', folder, 'e2e'])
    project.provide('gallery', { folder })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    project.provide('gallery', { error: `The gallery does not build: ${String(error)}\n${stdout}${stderr}` })
  }
  return () => rm(folder, { recursive: true, force: true })
}
