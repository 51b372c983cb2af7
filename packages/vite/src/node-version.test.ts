import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyFixture, nodeModules } from '../fixtures/app.ts'
import { isTooOld } from './node-version.ts'

it.each([
  ['18.20.8', true],
  ['20.20.2', true],
  ['22.14.0', true],
  ['22.15.0', false],
  ['23.0.0', false],
  ['24.21.0', false],
])('Node %s: too old is %s', (version, expected) => {
  expect(isTooOld(version)).toBe(expected)
})

/** This Node as Node 20: it has no node:sqlite, and says its version. */
const NODE_20 = `
  import { registerHooks } from 'node:module'
  Object.defineProperty(process.versions, 'node', { value: '20.20.2' })
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:sqlite') throw new Error('No such built-in module: node:sqlite')
      return next(specifier, context)
    },
  })`

describe('with Node 20', { timeout: 60_000 }, () => {
  it.each([
    ['vite build', ['build'], 'rockpool()'],
    ['vite build of an app with the embedded backend', ['build'], 'rockpool({ backend: true })'],
    ['vite', ['--port', '0'], 'rockpool({ backend: true })'],
  ])('%s ends with one line that names the version to install', async (_, args, plugin) => {
    const root = await copyFixture()
    const config = `import { rockpool } from '@rockpool/vite'\nexport default { plugins: [${plugin}] }`
    await writeFile(join(root, 'vite.config.js'), config)
    await writeFile(join(root, 'node-20.mjs'), NODE_20)
    // By Node itself: the config loader of Vite does not know the condition of our sources.
    const flags = ['--conditions=@rockpool/source', '--import', './node-20.mjs']
    const vite = join(nodeModules, 'vite/bin/vite.js')
    const { status, stderr } = spawnSync(process.execPath, [...flags, vite, ...args, '--configLoader', 'native'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    expect(status).toBe(1)
    // Vite writes the first line.
    const [heading, ...lines] = stderr.trim().split('\n')
    expect(heading).toMatch(/^error (during build|when starting dev server):$/)
    expect(lines).toEqual([
      expect.stringContaining('@rockpool/vite: Node 20.20.2 is too old. Install Node 22.15 or newer.'),
    ])
  })
})
