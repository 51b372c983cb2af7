import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IS_LONG } from '../../../../test/long.ts'
import { REPLACEMENTS } from '../replacements.ts'
import { BUNDLERS, type Bundles, type Plugin, servedByVite } from '../testing/bundles.ts'
import { installedText } from '../testing/livestore.ts'
import { FAST_PATH, FIXED, LIVESTORES, OURS } from '../testing/marks.ts'
import { installPackage, type InstalledPackage } from '../testing/package.ts'

let installed: InstalledPackage | undefined
let plugin: Plugin
beforeAll(async () => {
  installed = await installPackage()
  plugin = ((await import(installed.plugin)) as { livestorePlugin: Plugin }).livestorePlugin
}, 300_000)
afterAll(() => installed?.remove())

/** Those that take longest run in the long tests only. */
const SLOW = new Set(['Rollup', 'webpack'])
const bundlers = Object.entries(BUNDLERS).filter(([name]) => IS_LONG || !SLOW.has(name))

describe.each(bundlers)('%s', { timeout: 300_000 }, (_, build) => {
  it('replaces the processors and applies the fixes in the page and in both workers', async () => {
    expectReplaced(await build(plugin))
  })
})

describe('Vite in development', { timeout: 300_000 }, () => {
  it('replaces the processors and applies the fixes in the page and in both workers, with no dependency found late', async () => {
    const { bundles, dependencies } = await servedByVite(plugin)
    expectReplaced(bundles)
    // A dependency that is found when the worker starts makes Vite bundle again and reload the page.
    expect(dependencies.afterWorkers).toEqual(dependencies.afterPage)
  })
})

describe('the marks of these tests', () => {
  it("are in LiveStore's processors", async () => {
    const [session, leader] = await Promise.all(REPLACEMENTS.map(({ file }) => installedText(file)))
    expect(session).toMatch(LIVESTORES.session)
    expect(leader).toMatch(LIVESTORES.leader)
  })
})

/** An import that the bundler left as it was. */
const UNRESOLVED = /^(?:import|export)\b(?:[^'"/;(=]*\bfrom)?\s*["'](?:effect|@livestore)\b[^"']*["']/gm

const expectReplaced = (bundles: Bundles) => {
  expect(bundles.page).toMatch(OURS.session)
  expect(bundles.worker).toMatch(OURS.leader)
  for (const thread of ['page', 'worker', 'shared-worker'] as const) {
    const code = bundles[thread]
    const missing = FIXED[thread].filter((mark) => !mark.test(code)).map(String)
    const left = [LIVESTORES.session, LIVESTORES.leader, FAST_PATH].filter((mark) => mark.test(code)).map(String)
    const unresolved = code.match(UNRESOLVED) ?? []
    expect({ thread, missing, left, unresolved }).toEqual({ thread, missing: [], left: [], unresolved: [] })
  }
}
