/** The published packages, installed into bare folders: no flag, no override, on the oldest Node that is supported and on this one. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { createdBucket } from '@rockpool/object-store/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type BareFolder, bareFolder, cleanEnvironment } from './folder.ts'
import { buildPackages, type LocalRegistry, startLocalRegistry } from './local-registry.ts'

/** What the README of `rockpool` tells to install. LiveStore 0.4.0 alone does not install without the last one. */
const APP = [
  'rockpool',
  '@rockpool/livestore',
  '@rockpool/service-worker',
  '@livestore/livestore@0.4.0',
  '@livestore/adapter-web@0.4.0',
  '@opentelemetry/api@1.9.0',
]
const BUILD = ['@rockpool/vite', 'vite@8.3.8']

/** The oldest one in `engines`. */
const OLDEST_NODE = '22.15.0'
/** Vite runs on it, and Rockpool does not. */
const TOO_OLD_NODE = '20.19.0'
const PNPM = '12.21.0'

let registry: LocalRegistry
let tools: BareFolder
beforeAll(async () => {
  await buildPackages()
  registry = await startLocalRegistry()
  tools = await bareFolder(registry.url)
  await tools.run('npm', 'install', '--no-audit', '--no-fund', `node@${OLDEST_NODE}`, `pnpm@${PNPM}`)
}, 600_000)
afterAll(async () => {
  await tools?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
})

const oldNode = () => join(tools.path, 'node_modules/.bin')
const thisNode = dirname(process.execPath)

test('`rockpool` brings neither a server nor a bundler of ours', () => {
  const manifests = new Map(registry.manifests.map((manifest) => [manifest.name, manifest]))
  const found = new Set<string>()
  const visit = (name: string) => {
    if (found.has(name)) return
    found.add(name)
    for (const dependency of Object.keys(manifests.get(name)?.dependencies ?? {})) visit(dependency)
  }
  visit('rockpool')
  const unwanted = /signer|server|object-store|aws|hono|vite|rolldown|rollup|esbuild|unplugin|^ws$/
  expect([...found].filter((name) => unwanted.test(name))).toEqual([])
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

/** A small app with everything of Rockpool's that a build has to find. */
const writeApp = async (folder: BareFolder): Promise<void> => {
  await mkdir(join(folder.path, 'src'))
  await folder.write(
    'index.html',
    '<!doctype html><title>App</title><script type="module" src="/src/main.ts"></script>',
  )
  await folder.write(
    'vite.config.js',
    `import { rockpool } from '@rockpool/vite'
     export default { plugins: [rockpool()], build: { target: 'es2023' } }`,
  )
  await folder.write(
    'src/schema.ts',
    `import { makeSchema, State } from '@livestore/livestore'
     import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'
     export const schema = makeSchema({
       events: rockpoolEvents,
       state: State.SQLite.makeState({ tables: rockpoolTables, materializers: rockpoolMaterializers }),
       unknownEventHandling: { strategy: 'ignore' },
     })`,
  )
  await folder.write(
    'src/livestore.worker.ts',
    `import { makeWorker } from '@livestore/adapter-web/worker'
     import { makeSync } from '@rockpool/livestore/sync'
     import { schema } from './schema.ts'
     makeWorker({ schema, sync: { backend: makeSync({ url: '/sync' }) } })`,
  )
  await folder.write(
    'src/service-worker.ts',
    `import { registerRockpool } from '@rockpool/service-worker'
     registerRockpool()
     console.log(self.__WB_MANIFEST)`,
  )
  await folder.write(
    'src/main.ts',
    `import { makePersistedAdapter } from '@livestore/adapter-web'
     import SharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
     import { createStorePromise } from '@livestore/livestore'
     import { openPool } from 'rockpool'
     import Worker from './livestore.worker.ts?worker'
     import { schema } from './schema.ts'
     const adapter = makePersistedAdapter({ storage: { type: 'opfs' }, worker: Worker, sharedWorker: SharedWorker })
     const store = await createStorePromise({ schema, adapter, storeId: 'app' })
     await openPool({ store, signer: { url: '/signer', token: async () => '' } })`,
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

test.for([
  ['npm', 'the oldest Node', oldNode],
  ['npm', 'this Node', () => thisNode],
  ['pnpm', 'the oldest Node', oldNode],
] as const)('a Vite app installs with %s and builds on %s', { timeout: 900_000 }, async ([manager, , node]) => {
  await using folder = await bareFolder(registry.url, [node(), oldNode()])
  if (manager === 'npm') await folder.run('npm', 'install', '--no-audit', '--no-fund', ...APP, ...BUILD)
  else await addWithPnpm(folder, [...APP, ...BUILD])
  await writeApp(folder)
  await folder.run('node', 'node_modules/vite/bin/vite.js', 'build')
  const files = await readdir(join(folder.path, 'dist'))
  expect(files).toEqual(expect.arrayContaining(['index.html', 'service-worker.js']))
})

test('`vite build` says on a Node that is too old which one to install', { timeout: 900_000 }, async () => {
  await using node = await bareFolder(registry.url)
  await node.run('npm', 'install', '--no-audit', '--no-fund', `node@${TOO_OLD_NODE}`)
  await using folder = await bareFolder(registry.url, [join(node.path, 'node_modules/.bin')])
  await folder.run('npm', 'install', '--no-audit', '--no-fund', ...BUILD)
  await writeApp(folder)
  const building = folder.run('node', 'node_modules/vite/bin/vite.js', 'build')
  const line = `[Error: @rockpool/vite: Node ${TOO_OLD_NODE} is too old. Install Node 22.15 or newer.]`
  await expect(building).rejects.toThrow(`error during build:\n${line}\n`)
})

test.for([
  ['the oldest Node', oldNode],
  ['this Node', () => thisNode],
] as const)(
  '`npx rockpool-server serve` keeps a file and backs it up on %s',
  { timeout: 900_000 },
  async ([, node]) => {
    await using folder = await bareFolder(registry.url, [node()])
    await folder.run('npm', 'install', '--no-audit', '--no-fund', '@rockpool/server')
    expect(existsSync(join(folder.path, 'node_modules/vite'))).toBe(false)
    await folder.run('npx', 'rockpool-server', 'init')
    const env = { ...cleanEnvironment(), PATH: `${node()}:${process.env.PATH}`, PORT: '0' }
    const server = spawn(join(folder.path, 'node_modules/.bin/rockpool-server'), ['serve'], {
      cwd: folder.path,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stderr }).on('line', (line) => {
        const found = /listening on (\S+)/.exec(line)?.[1]
        if (found) resolve(found)
      })
      server.once('exit', (code) => reject(new Error(`It ended with ${code}.`)))
    })
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
