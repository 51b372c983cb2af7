import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LIVESTORE_FIXES } from './index.ts'
import { buildFixture, nodeModules, originOf, serveFixture } from '../../fixtures/app.ts'

/** What only mended code has. */
const MARKS = [
  ['retries the lock of the database', /createSyncAccessHandle\(\w+\)\.pipe\([\w$.]*retry[\w$]*\(/],
  ['fails calls in flight on a ping timeout', /reason:\s*["']Read["'],\s*cause:[^\n]{0,40}Error\(["']ping timeout/],
  ['waits a whole interval after each ping', /spaced[\w$]*\(\w+\)/],
  ['reconnects within 2 seconds', /["']2 seconds["']/],
  [
    'commits the log before the state',
    /[lL]og\w*\.execute\(["']COMMIT["'], (?:undefined|void 0)\);\s*db\w*\.execute\(["']COMMIT["']/,
  ],
] as const

/** The same of the shared worker, which is a bundle of its own. */
const SHARED_WORKER_MARK = /["']answer["'] in outcome/

describe('LiveStore fixes', { timeout: 60_000 }, () => {
  it.each(LIVESTORE_FIXES)('$file still has the defect: $from', async ({ file, from }) => {
    // When this fails LiveStore has changed there: see whether the defect is mended, and remove the fix.
    expect((await readFile(join(nodeModules, file), 'utf8')).split(from)).toHaveLength(2)
  })

  it('are in the workers of a build', async () => {
    const assets = join(await buildFixture(), 'assets')
    const bundle = async (name: string) => {
      const files = (await readdir(assets)).filter((file) => file.startsWith(`${name}-`))
      expect(files).toHaveLength(1)
      return readFile(join(assets, files[0]!), 'utf8')
    }
    const code = await bundle('livestore.worker')
    for (const [what, mark] of MARKS) expect([what, mark.test(code)]).toEqual([what, true])
    expect(await bundle('make-shared-worker')).toMatch(SHARED_WORKER_MARK)
  })

  it('are in what dev serves to the worker, which brings no dependency that the page did not', async () => {
    const server = await serveFixture()
    await servedModules(`${originOf(server)}/src/main.ts`)
    const bundled = () => Object.keys(server.environments.client.depsOptimizer!.metadata.optimized)
    const before = bundled()
    const code = await servedModules(`${originOf(server)}/src/livestore.worker.ts?worker_file&type=module`)
    for (const [what, mark] of MARKS) expect([what, mark.test(code)]).toEqual([what, true])
    // A dependency that is discovered only now makes Vite bundle anew and reload the page.
    expect(bundled()).toEqual(before)
  })
})

/** A module as a browser gets it, and all that it imports. */
const servedModules = async (entry: string): Promise<string> => {
  const modules = new Map<string, string>()
  const queue = [entry]
  for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
    if (modules.has(url)) continue
    const response = await fetch(url, { headers: { accept: '*/*', 'sec-fetch-dest': 'script' } })
    expect([url, response.status]).toEqual([url, 200])
    const code = await response.text()
    modules.set(url, code)
    for (const [, path] of code.matchAll(/^\s*(?:import|export)\b[^'"\n=(]*["'](\.{0,2}\/[^"'\n]+)["']/gm)) {
      queue.push(new URL(path!, url).href)
    }
  }
  return [...modules.values()].join('\n')
}
