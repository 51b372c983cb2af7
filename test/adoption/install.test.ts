/** The published packages, installed into bare folders: no flag, no override, on the oldest Node that is supported and on this one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { createdBucket } from '@rockpool/object-store/testing'
import type { ElementHandle } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readmeApp } from '../e2e/app.ts'
import { createFolder, png } from '../e2e/content.ts'
import { BROWSERS, createDevice } from '../e2e/device.ts'
import { type BareFolder, bareFolder, cleanEnvironment } from './folder.ts'
import { buildPackages, type LocalRegistry, startLocalRegistry } from './local-registry.ts'

/** What the READMEs of `rockpool` and `@rockpool/react` tell to install. LiveStore 0.4.0 does not install without the pinned API. */
const APP = [
  'rockpool',
  '@rockpool/livestore',
  '@rockpool/service-worker',
  '@livestore/livestore@0.4.0',
  '@livestore/adapter-web@0.4.0',
  '@opentelemetry/api@1.9.0',
  '@rockpool/react',
  'react@19.3.1',
  'react-dom@19.3.1',
]
const BUILD = ['@rockpool/vite', 'vite@8.3.8']

/** The oldest one in `engines`. */
const OLDEST_NODE = '22.15.0'
/** Vite runs on it, and Rockpool does not. */
const TOO_OLD_NODE = '20.19.0'
const PNPM = '12.21.0'

let registry: LocalRegistry
let tools: BareFolder
let tooOldNode: BareFolder
beforeAll(async () => {
  await buildPackages()
  registry = await startLocalRegistry()
  tools = await bareFolder(registry.url)
  await tools.run('npm', 'install', '--no-audit', '--no-fund', `node@${OLDEST_NODE}`, `pnpm@${PNPM}`)
  tooOldNode = await bareFolder(registry.url)
  await tooOldNode.run('npm', 'install', '--no-audit', '--no-fund', `node@${TOO_OLD_NODE}`)
}, 600_000)
afterAll(async () => {
  await tooOldNode?.[Symbol.asyncDispose]()
  await tools?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
})

const VITE = 'node_modules/vite/bin/vite.js'

/** What the group of a pattern matches in the first such line of a process. */
const printed = (child: ChildProcess, output: Readable, pattern: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    createInterface({ input: output }).on('line', (line) => {
      const found = pattern.exec(line)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`It ended with ${code}.`)))
  })

const oldNode = () => join(tools.path, 'node_modules/.bin')
const thisNode = dirname(process.execPath)

/** The packages of this workspace that `names` bring, themselves included. */
const broughtBy = (...names: readonly string[]): ReadonlySet<string> => {
  const manifests = new Map(registry.manifests.map((manifest) => [manifest.name, manifest]))
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    for (const dependency of Object.keys(manifests.get(name)?.dependencies ?? {})) visit(dependency)
  }
  for (const name of names) visit(name)
  return found
}

test('`rockpool` brings neither a server nor a bundler of ours', () => {
  const unwanted = /signer|server|object-store|aws|hono|vite|rolldown|rollup|esbuild|unplugin|^ws$/
  expect([...broughtBy('rockpool')].filter((name) => unwanted.test(name))).toEqual([])
})

test('every published package is installed here', () => {
  const installed = broughtBy(...APP, ...BUILD, '@rockpool/server', '@rockpool/artifacts')
  expect(registry.manifests.map(({ name }) => name).filter((name) => !installed.has(name))).toEqual([])
})

test('no package asks for vitest', () => {
  for (const { peerDependencies = {} } of registry.manifests) expect(peerDependencies).not.toHaveProperty('vitest')
})

test('every package asks for the oldest Node, and READMEs name it', async () => {
  const [oldest] = OLDEST_NODE.split(/\.0$/)
  for (const { name, engines } of registry.manifests) expect([name, engines?.node]).toEqual([name, `>=${oldest}`])
  for (const folder of ['packages/server', 'packages/vite', 'packages/livestore-plugin', 'signer']) {
    expect(await readFile(`${folder}/README.md`, 'utf8')).toContain(`Node ${oldest} or newer`)
  }
})

/** The README's app, with a service worker of its own. It shows each file a second time, by React. */
const writeApp = async (folder: BareFolder): Promise<void> => {
  await mkdir(join(folder.path, 'src'))
  for (const [name, text] of Object.entries(await readmeApp())) await folder.write(name, text)
  await folder.write(
    'src/service-worker.ts',
    `import { registerRockpool } from '@rockpool/service-worker'
     registerRockpool(self)
     console.log(self.__WB_MANIFEST)`,
  )
  await appendFile(
    join(folder.path, 'src/main.ts'),
    `import { PoolProvider, useFiles, useFileUrl } from '@rockpool/react'
     import { createElement } from 'react'
     import { createRoot } from 'react-dom/client'
     const Photo = ({ file }) => createElement('img', { src: useFileUrl(file) })
     const Photos = () => useFiles({}).map((file) => createElement(Photo, { key: file.id, file }))
     const root = document.body.appendChild(document.createElement('main'))
     createRoot(root).render(createElement(PoolProvider, { pool }, createElement(Photos)))`,
  )
}

/** pnpm asks whether dependencies of LiveStore may run their build scripts, and ends with 1 until someone decides. None has to. */
const addWithPnpm = async (folder: BareFolder, packages: readonly string[]): Promise<void> => {
  try {
    await folder.run('pnpm', 'add', ...packages)
  } catch (error) {
    if (!String(error).includes('ERR_PNPM_IGNORED_BUILDS')) throw error
  }
}

/** The app, installed and built in a folder of its own. */
const buildApp = async (manager: 'npm' | 'pnpm', node: string): Promise<BareFolder> => {
  const folder = await bareFolder(registry.url, [node, oldNode()])
  if (manager === 'npm') await folder.run('npm', 'install', '--no-audit', '--no-fund', ...APP, ...BUILD)
  else await addWithPnpm(folder, [...APP, ...BUILD])
  await writeApp(folder)
  await folder.run('node', VITE, 'build')
  return folder
}

const expectBuild = async ({ path }: BareFolder) =>
  expect(await readdir(join(path, 'dist'))).toEqual(expect.arrayContaining(['index.html', 'service-worker.js']))

test('a Vite app installs with pnpm and builds on this Node', { timeout: 900_000 }, async () => {
  await using folder = await buildApp('pnpm', thisNode)
  await expectBuild(folder)
})

describe('a Vite app that npm installs on the oldest Node', () => {
  let app: BareFolder
  beforeAll(async () => {
    app = await buildApp('npm', oldNode())
  }, 900_000)
  afterAll(() => app?.[Symbol.asyncDispose]())

  test('builds', () => expectBuild(app))

  test('says on a Node that is too old which one to install', { timeout: 300_000 }, async () => {
    const building = app.run(join(tooOldNode.path, 'node_modules/.bin/node'), VITE, 'build')
    const line = `[Error: @rockpool/vite: Node ${TOO_OLD_NODE} is too old. Install Node 22.15 or newer.]`
    await expect(building).rejects.toThrow(`error during build:\n${line}\n`)
  })

  test.for(BROWSERS)('shows a file in %s', { timeout: 300_000 }, async (browser) => {
    await using data = await createFolder({ 'reef.png': png('reef', 20, 20) })
    const server = spawn(join(oldNode(), 'node'), [VITE, 'preview', '--host', '127.0.0.1', '--port', '0'], {
      cwd: app.path,
      env: { ...cleanEnvironment(), NO_COLOR: '1', ROCKPOOL_DATA_DIR: data.path('data') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    const url = await printed(server, server.stdout, /(http:\S+)/)
    await using device = await createDevice(browser, url)
    const page = await device.blank()
    const warnings: string[] = []
    page.on('console', (message) => void (/Effect versioned/.test(message.text()) && warnings.push(message.text())))
    await page.goto(url, { waitUntil: 'domcontentloaded' })
    const input = (await page.waitForSelector('input')) as ElementHandle<HTMLInputElement>
    const isReady = () =>
      document.querySelector('input')!.onchange !== null && navigator.serviceWorker.controller?.state === 'activated'
    await page.waitForFunction(isReady, { timeout: 0 })
    await input.uploadFile(data.path('reef.png'))
    const isShownTwice = () => [...document.images].map(({ naturalWidth }) => naturalWidth).join() === '20,20'
    await page.waitForFunction(isShownTwice, { timeout: 0 })
    expect(await page.$eval('#files img', ({ src }) => src)).toMatch(`${url}rockpool/`)
    // LiveStore and Rockpool share one Effect.
    expect(warnings).toEqual([])
  })
})

describe('`@rockpool/server` that npm installs on the oldest Node', () => {
  let installed: BareFolder
  beforeAll(async () => {
    installed = await bareFolder(registry.url, [oldNode()])
    await installed.run('npm', 'install', '--no-audit', '--no-fund', '@rockpool/server')
  }, 600_000)
  afterAll(() => installed?.[Symbol.asyncDispose]())

  test('brings no bundler', () => {
    expect(existsSync(join(installed.path, 'node_modules/vite'))).toBe(false)
  })

  test.for([
    ['the oldest Node', oldNode],
    ['this Node', () => thisNode],
  ] as const)(
    '`npx rockpool-server serve` keeps a file and backs it up on %s',
    { timeout: 300_000 },
    async ([, node]) => {
      await using folder = await bareFolder(registry.url, [node()])
      await symlink(join(installed.path, 'node_modules'), join(folder.path, 'node_modules'))
      await folder.run('npx', 'rockpool-server', 'init')
      const env = { ...cleanEnvironment(), PATH: `${node()}:${process.env.PATH}`, PORT: '0' }
      const server = spawn(join(folder.path, 'node_modules/.bin/rockpool-server'), ['serve'], {
        cwd: folder.path,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      onTestFinished(() => void server.kill('SIGKILL'))
      const url = await printed(server, server.stderr, /listening on (\S+)/)
      expect(await (await fetch(`${url}/ready`)).json()).toMatchObject({ ok: true, store: { mode: 'local' } })

      const token = (await folder.run('npx', 'rockpool-server', 'token', '--user', 'ada', '--store', 'reef')).trim()
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' }
      const file = `${url}/storage/v1/object/files/hello.txt`
      expect((await fetch(file, { method: 'POST', headers, body: 'hello' })).status).toBe(201)
      await using backup = await bareFolder(registry.url)
      await folder.run('npx', 'rockpool-server', 'backup', join(backup.path, 'copy'))
      expect(await (await fetch(file, { headers })).text()).toBe('hello')
      const ended = new Promise((resolve) => void server.once('exit', resolve))
      server.kill('SIGTERM')
      expect(await ended).toBe(0)
    },
  )
})

test('`@rockpool/artifacts` puts and gets on the oldest Node', { timeout: 900_000 }, async () => {
  await using folder = await bareFolder(registry.url, [oldNode()])
  await folder.run('npm', 'install', '--no-audit', '--no-fund', '@rockpool/artifacts')
  const { bucket, endpoint, region, accessKey, secretKey } = await createdBucket('adoption')
  await folder.write('options.json', JSON.stringify({ bucket, s3: { endpoint, region, accessKey, secretKey } }))
  await folder.write(
    'pipeline.mjs',
    `import { createArtifacts } from '@rockpool/artifacts'
    import options from './options.json' with { type: 'json' }
    const artifacts = createArtifacts(options)
    const requestId = crypto.randomUUID()
    const ref = await artifacts.put({ requestId, stage: 'input', name: 'original.mp4' }, new Blob([new Uint8Array(9e6)]))
    console.log((await (await artifacts.get(JSON.parse(JSON.stringify(ref)))).bytes()).length)`,
  )
  expect((await folder.run('node', 'pipeline.mjs')).trim().split('\n').at(-1)).toBe('9000000')
})
