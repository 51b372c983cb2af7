import { get } from 'node:http'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, createServer, preview, type InlineConfig } from 'vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { rockpool } from '../plugin.ts'

/** An app with one page, with the data folder at `place` below it, symlinks to that, and a `.env`. */
const makeApp = async (place = '.rockpool') => {
  vi.stubEnv('ROCKPOOL_DATA_DIR', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rockpool-guard-')))
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))
  await writeFile(join(root, 'package.json'), '{ "name": "app" }')
  await writeFile(join(root, 'index.html'), '<!doctype html><title>App</title>')
  await writeFile(join(root, '.env'), 'MINE=1')
  await mkdir(join(root, 'public'))
  await writeFile(join(root, 'public/open.txt'), 'open')
  await mkdir(join(root, place), { recursive: true })
  await writeFile(join(root, place, 'secret'), '0f'.repeat(32))
  await symlink(join(root, place), join(root, 'link'))
  await symlink(join(root, place, 'secret'), join(root, 'public/link.txt'))
  const config: InlineConfig = {
    root,
    configFile: false,
    logLevel: 'silent',
    cacheDir: join(root, 'cache'),
    plugins: [rockpool({ backend: { dataDir: place } })],
  }
  return { root, config, secret: '0f'.repeat(32), place }
}

const serveDev = async (config: InlineConfig, host: string | boolean) => {
  const server = await createServer({ ...config, server: { ...config.server, host, port: 0 } })
  onTestFinished(() => server.close())
  await server.listen()
  return portOf(server.httpServer!.address())
}

const servePreview = async (config: InlineConfig, root: string, host: string | boolean) => {
  // A build would copy what it points to.
  await rm(join(root, 'public/link.txt'))
  await build({ ...config, plugins: [] })
  await symlink(join(root, '.rockpool/secret'), join(root, 'dist/link.txt'))
  // Copied by hand, or by a script of the app's.
  await symlink(join(root, '.rockpool'), join(root, 'dist/link'))
  const server = await preview({ ...config, preview: { host, port: 0 } })
  onTestFinished(() => server.close())
  return portOf(server.httpServer.address())
}

const portOf = (address: unknown) => (address as { readonly port: number }).port

/** The path as it is: `fetch` would resolve dots. */
const request = (port: number, path: string): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers: { accept: '*/*', host: `localhost:${port}` } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }))
      response.on('error', reject)
    }).on('error', reject)
  })

const pathsTo = (folder: string, place = '.rockpool') => [
  ...[
    '',
    '/',
    '/secret',
    '/secret?raw',
    '/secret?import&raw',
    '/secret?url',
    '/secret?import&url',
    '/secret?inline',
  ].map((rest) => `/${place}${rest}`),
  `/${place}/objects/index.sqlite`,
  `/${place.toUpperCase()}/SECRET?raw`,
  `//${place}//secret?raw`,
  `/src/../${place}/secret`,
  `/src/%2e%2e/${place}/secret?raw`,
  `/%${place.charCodeAt(0).toString(16)}${place.slice(1)}%2fsecret`,
  String.raw`/${place}\secret`,
  `/${place}%5csecret`,
  `/?/../${place}/secret?raw`,
  '/link/secret',
  '/link/secret?raw',
  '/link/secret?import&url',
  '/link.txt',
  `/@fs${folder}/secret`,
  `/@fs/${folder}/secret?raw`,
  `/@fs${folder}/secret?import&raw`,
  `/@fs${folder}/objects/../secret?raw`,
  `/@fs${folder.replace(place, 'link')}/secret?raw`,
  `/@id/${folder}/secret?raw`,
]

describe.each([['127.0.0.1'], [true]])('with server.host %s', { timeout: 60_000 }, (host) => {
  it.each(['.rockpool', 'my data/pool'])('the dev server refuses every path to the data folder %j', async (place) => {
    const { root, config, secret } = await makeApp(place)
    const port = await serveDev(config, host)
    for (const path of pathsTo(encodeURI(join(root, place)), encodeURI(place))) {
      const { status, text } = await request(port, path)
      expect({ path, status }).toEqual({ path, status: 403 })
      expect(text).not.toContain(secret)
    }
    expect(await request(port, '/open.txt')).toEqual({ status: 200, text: 'open' })
    expect((await request(port, '/')).text).toContain('<title>App</title>')
    expect(await request(port, '/.env')).toMatchObject({ status: 403 })
  })

  it('the preview server refuses them too', async () => {
    const { root, config, secret } = await makeApp()
    const port = await servePreview(config, root, host)
    for (const path of pathsTo(join(root, '.rockpool'))) {
      const { status, text } = await request(port, path)
      expect({ path, status }).toEqual({ path, status: 403 })
      expect(text).not.toContain(secret)
    }
    expect((await request(port, '/')).text).toContain('<title>App</title>')
  })
})

describe('the guard', { timeout: 60_000 }, () => {
  it('holds with server.fs.strict: false, with a base, and with a deny list of the app', async () => {
    const { root, config, secret } = await makeApp()
    await writeFile(join(root, 'private.txt'), 'private')
    const port = await serveDev(
      { ...config, base: '/app/', server: { fs: { strict: false, deny: ['private.txt'] } } },
      true,
    )
    for (const path of pathsTo(join(root, '.rockpool'))) {
      for (const prefix of ['', '/app']) {
        const { status, text } = await request(port, prefix + path)
        expect({ prefix, path, status }).toEqual({ prefix, path, status: 403 })
        expect(text).not.toContain(secret)
      }
    }
  })

  it('keeps the deny list of the app, and Vite’s own where the app has none', async () => {
    const { root, config } = await makeApp()
    const withList = await createServer({ ...config, server: { fs: { deny: ['private.txt'] } } })
    onTestFinished(() => withList.close())
    expect(withList.config.server.fs.deny).toEqual(['private.txt', expect.stringContaining('.rockpool')])
    const plain = await createServer({ ...config, plugins: [] })
    onTestFinished(() => plain.close())
    const guarded = await createServer(config)
    onTestFinished(() => guarded.close())
    expect(guarded.config.server.fs.deny).toEqual([...plain.config.server.fs.deny, `${root}/.rockpool{,/**}`])
  })

  it('refuses the data folder of an earlier version while ROCKPOOL_DATA_DIR names another one', async () => {
    const { root, config, secret } = await makeApp()
    const elsewhere = await mkdtemp(join(tmpdir(), 'rockpool-guard-'))
    onTestFinished(() => rm(elsewhere, { recursive: true, force: true, maxRetries: 5 }))
    vi.stubEnv('ROCKPOOL_DATA_DIR', elsewhere)
    const port = await serveDev(config, '127.0.0.1')
    const other = await readFile(join(elsewhere, 'secret'), 'utf8')
    for (const path of [...pathsTo(join(root, '.rockpool')), `/@fs${elsewhere}/secret?raw`]) {
      const { status, text } = await request(port, path)
      expect({ path, status }).toEqual({ path, status: 403 })
      expect(text).not.toContain(secret)
      expect(text).not.toContain(other)
    }
  })

  it.each([
    ['public/pool', /publish the data folder .*publicDir/],
    ['dist/pool', /delete the data folder .*build\.outDir/],
    ['.', /The app lies in the data folder/],
  ])('stops a server or a build with the data folder at %s', async (place, message) => {
    const { config } = await makeApp(place)
    await expect(createServer(config)).rejects.toThrow(message)
    await expect(build(config)).rejects.toThrow(message)
  })
})
